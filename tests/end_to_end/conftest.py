"""Whole roads, from a name to a score, share one loopback server a module."""

from support.kaggle_worlds import shared_kaggle, waits, world

__all__ = ["shared_kaggle", "waits", "world"]
