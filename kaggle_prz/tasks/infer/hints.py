"""What people say of a competition: options, and a `competition.toml` in its directory."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pydantic

from kaggle_prz.core.errors import UsageError
from kaggle_prz.tasks.overrides import Overrides

FILE = "competition.toml"
Weight = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False, strict=True)]


class Hints(Overrides):
    """Overrides, and what `competition.toml` alone may say."""

    wanted: ClassVar[Mapping[str, str]] = {
        **Overrides.wanted,
        "flips": "a list of horizontal and vertical",
        "head_weights": "a table of numbers above 0",
    }
    # flips that leave a label what it is
    flips: tuple[Literal["horizontal", "vertical"], ...] | None = None
    head_weights: Mapping[str, Weight] | None = None  # of heads by name
    title: str | None = None  # of the competition, for people


def read(root: Path, overrides: Overrides | None = None) -> Hints:
    """Return the hints of `competition.toml` in `root`, where there is one; overrides win."""
    said = _of_file(root / FILE)
    return said if overrides is None else said.model_copy(update=overrides.given)


def _of_file(path: Path) -> Hints:
    if not path.is_file():
        return Hints()
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not valid TOML: {error}. Write lines such as: metric = 'accuracy'."
        ) from error
    return Hints.parse(content, f"{path}: ")
