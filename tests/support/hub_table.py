"""Write the table of KerasHub's presets for images, as the installed KerasHub has them.

cd tests && python -m support.hub_table
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).parents[2] / "kaggle_prz" / "models" / "backbones" / "hub" / "presets.toml"
WITHOUT_CLASSIFIER = ("DINOV2Backbone", "DINOV3Backbone")  # features of images all the same


class Row(NamedTuple):
    """What the table has of a preset."""

    parameters: int
    model: str  # at Kaggle Models
    minimum: int  # smallest image size, px
    multiple: int


def presets() -> dict[str, dict[str, Any]]:
    """Return the presets of every network that classifies images, by name."""
    import keras_hub

    classes = [keras_hub.models.ImageClassifier]
    classes += [getattr(keras_hub.models, name) for name in WITHOUT_CLASSIFIER]
    found = {name: each for one in classes for name, each in one.presets.items()}
    return dict(sorted(found.items()))


def row(name: str, preset: dict[str, Any]) -> Row:
    """Return what is known of a preset by its name and KerasHub's list."""
    minimum, multiple = _sizes(name)
    model = preset["kaggle_handle"].removeprefix("kaggle://")
    return Row(preset["metadata"]["params"], model, minimum, multiple)


def _sizes(name: str) -> tuple[int, int]:
    patch, window = (re.search(rf"{word}(\d+)", name) for word in ("patch", "window"))
    if window and patch:
        multiple = int(patch[1]) * 8  # three stages halve the side
        return multiple * int(window[1]), multiple
    multiple = next(
        (
            pixels
            for known, pixels in (("mit_", 32), ("dinov2", 14), ("dinov3_vit", 16))
            if name.startswith(known)
        ),
        int(patch[1]) if patch else 1,
    )
    smallest = 64 if name.startswith("mit_") else 32
    return math.ceil(smallest / multiple) * multiple, multiple


def _lines() -> Iterator[str]:
    yield "# Written by tests/support/hub_table.py."
    for name, preset in presets().items():
        found = row(name, preset)
        yield f'\n["{name}"]'
        yield f"parameters = {found.parameters}"
        yield f'model = "{found.model}"'
        if found.minimum != 32:
            yield f"minimum = {found.minimum}"
        if found.multiple != 1:
            yield f"multiple = {found.multiple}"


if __name__ == "__main__":
    PAGE.write_text("\n".join(_lines()) + "\n", "utf-8")
