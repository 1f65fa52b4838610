"""What people say of a competition: options, and a `competition.toml` in its directory."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from kaggle_prz.errors import UsageError

FILE = "competition.toml"
_FLIPS = ("horizontal", "vertical")


@dataclass(frozen=True)
class Hints:
    """Settled by a person; None leaves a choice to the rules.

    Attributes:
        metric: name of the metric, ours or the host's.
        target: column of labels.
        id_column: column of the table of labels that names the images.
        group: column whose values never part between folds, or `"none"`.
        positive: of two classes, the one that a probability is of.
        flips: flips that leave a label what it is.
        head_weights: of heads by name, in the mean of scores over heads.
        title: of the competition, for people.
    """

    metric: str | None = None
    target: str | None = None
    id_column: str | None = None
    group: str | None = None
    positive: str | None = None
    flips: tuple[str, ...] | None = None
    head_weights: Mapping[str, float] | None = None
    title: str | None = None


def read(root: Path, **options: object) -> Hints:
    """Hints of `competition.toml` in `root`, where there is one; options that are given win.

    Raises:
        UsageError: no TOML, or unknown keys and values of a wrong type, all of them at once.

    Example:
        >>> read(Path("nowhere"), metric="accuracy").metric
        'accuracy'
    """
    hints = _of_file(root / FILE)
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return replace(hints, **_with_flips(given))


def _of_file(path: Path) -> Hints:
    if not path.is_file():
        return Hints()
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is no TOML: {error}. Lines look like: metric = 'accuracy'."
        ) from (error)
    known = [field.name for field in fields(Hints)]
    faults = [f"unknown key {key!r}" for key in content if key not in known]
    faults += [
        f"{key} must be {wanted}, received {value!r}"
        for key, value in content.items()
        for wanted, suits in [_WANTED.get(key, _TEXT)]
        if key in known and not suits(value)
    ]
    if faults:
        raise UsageError(f"{path}: {'; '.join(faults)}. Known keys are {', '.join(known)}.")
    return Hints(**_with_flips(content))


def _with_flips(values: dict[str, Any]) -> dict[str, Any]:
    return values | ({"flips": tuple(values["flips"])} if "flips" in values else {})


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_flips(value: object) -> bool:
    return isinstance(value, list) and all(flip in _FLIPS for flip in value)


def _are_weights(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, int | float) and one is not True and 0 < one < math.inf
        for one in value.values()
    )


_TEXT = "text", _is_text
_WANTED = {
    "flips": (f"a list of {' and '.join(_FLIPS)}", _are_flips),
    "head_weights": ("a table of numbers above 0", _are_weights),
}
