"""Directories of competitions by their file names; the images are empty files."""

from collections.abc import Iterable
from pathlib import Path


def make_tree(root: Path, tables: dict[str, str | bytes], images: Iterable[str]) -> Path:
    """Write tables as given and an empty file for every image."""
    for name, content in tables.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else content.encode()
        (root / name).write_bytes(raw)
    for name in images:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def make_csv(*rows: Iterable[object]) -> str:
    """Lines of cells between commas."""
    return "".join(",".join(map(str, row)) + "\n" for row in rows)
