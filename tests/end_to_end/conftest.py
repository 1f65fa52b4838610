"""Whole roads, from a name to a score, share one loopback server a module."""

from pathlib import Path

import pytest
from support.kaggle_worlds import shared_kaggle, waits, world

__all__ = ["shared_kaggle", "waits", "world"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("slow")
