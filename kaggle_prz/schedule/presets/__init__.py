"""Recipes by name, from TOML files, and how they come together with options and defaults.

explicit option > named recipe or file > competition's own defaults > defaults of `Recipe`

A recipe whose backbone is `auto` leaves it open, so there the competition's own default counts.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pydantic

from kaggle_prz.core.errors import UsageError
from kaggle_prz.schedule.choice import AUTO
from kaggle_prz.schedule.recipe import Recipe

_TABLES = {"card", "recipe"}


class Card(pydantic.BaseModel):
    """What a recipe was made for, and what it was measured to do."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    command: str  # that runs it
    hardware: str  # what it was made for, or measured on
    about: str  # what it does
    time: str | None = None  # of the command, where measured
    score: str | None = None  # of its out-of-fold predictions
    spread: str | None = None  # of seeds or folds


@dataclass(frozen=True)
class Named:
    """A recipe as its file has it."""

    source: str  # the file, as mistakes name it
    keys: Mapping[str, object]  # of `Recipe`, unchecked; arrays are tuples
    card: Card | None  # what the file says of it, if it does


def names() -> tuple[str, ...]:
    """Return the recipes that come with the package."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(Path(file.name).stem for file in files if file.name.endswith(".toml")))


def read(name: str | Path) -> Named:
    """Return a recipe by its name, or by the path of a TOML file.

    A file has the keys of `Recipe` at the top or in a table `[recipe]`, and may have a `[card]`.
    """
    if str(name) in names():
        text = resources.files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
        return _parsed(text, f"recipe {name}")
    path = Path(name).expanduser()
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        close = difflib.get_close_matches(str(name), names(), n=1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        raise UsageError(
            f"No recipe is called {str(name)!r}, and no file has this name.{meant} The recipes "
            f"are {', '.join(names())}. For a recipe of your own, give the path of its TOML file."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise UsageError(f"The recipe {str(path)!r} cannot be read: {reason}.") from None
    return _parsed(text, str(path))


def flat(
    options: Mapping[str, object], defaults: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the options that are given, with the keys of the recipe that they name below them.

    Without a key of the recipe that gives way to `defaults`, those of the competition.
    """
    return _layers(options, defaults or {})[0]


def parse(options: Mapping[str, object], *, defaults: Mapping[str, object] | None = None) -> Recipe:
    """Return options, over the recipe that they name, over a competition's defaults.

    Args:
        options: keys of `Recipe`; None and absent ones are not given. `recipe` is the name of a
            recipe or the path of a TOML file, `settings` a dictionary of more keys (`--set`).
        defaults: of the competition.

    Raises:
        UsageError: every mistake at once, those of a file with its path.

    Example:
        >>> parse({"recipe": "strong", "folds": 3}, defaults={"folds": 4, "seed": 7}).seed
        7
    """
    given, sources = _layers(options, defaults or {})
    return Recipe.parse(given, defaults=_suited(defaults or {}, given), sources=sources)


def _layers(
    options: Mapping[str, Any], defaults: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, str]]:
    """Return the given keys, and where those that are no options of their own are written.

    A backbone that a recipe leaves open gives way to one that the competition's defaults name.
    """
    given = {key: value for key, value in options.items() if value is not None}
    name, settings = given.pop("recipe", None), given.pop("settings", {})
    twice = [key for key in settings if key in given]
    if twice:
        raise UsageError(
            f"Given twice, as an option and with --set: {', '.join(twice)}. Keep one of each."
        )
    given, sources = {**given, **settings}, dict.fromkeys(settings, "--set")
    if name is None:
        return given, sources
    if not isinstance(name, str | Path):
        raise UsageError(
            f"recipe takes {', '.join(names())}, or the path of a TOML file; received a "
            f"{type(name).__name__}. Give keys of a recipe as options instead."
        )
    named = read(name)
    keys = dict(named.keys)
    if keys.get("backbone") == AUTO and "backbone" in defaults:
        del keys["backbone"]
    sources |= {key: named.source for key in keys if key not in given}
    return {**_suited(keys, given), **given}, sources


def _suited(defaults: Mapping[str, object], options: Mapping[str, object]) -> dict[str, object]:
    """Return what suits the options: epochs of each stage are divided again for other stages."""
    epochs, sizes = defaults.get("epochs"), options.get("sizes")
    if isinstance(epochs, tuple) and isinstance(sizes, tuple | list) and len(sizes) != len(epochs):
        return {**defaults, "epochs": sum(epochs)}
    return dict(defaults)


def _parsed(text: str, source: str) -> Named:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is not valid TOML: {error}.") from None
    tables = {key for key, value in content.items() if isinstance(value, dict)}
    if tables - _TABLES:
        raise UsageError(
            f"{source}: a recipe can have the tables [card] and [recipe]; received "
            f"[{'], ['.join(sorted(tables - _TABLES))}]."
        )
    inner = content.pop("recipe", {})
    if not isinstance(inner, dict):
        raise UsageError(f"{source}: recipe must be a table of keys, [recipe]; received {inner!r}.")
    card = content.pop("card", None)
    twice = [key for key in content if key in inner]
    if twice:
        raise UsageError(
            f"{source}: {', '.join(twice)} is given both at the top level and in "
            "[recipe]. Keep one of each."
        )
    keys = {key: _tuples(value) for key, value in {**content, **inner}.items()}
    return Named(source, keys, _card(card, source))


def _card(card: object, source: str) -> Card | None:
    try:
        return None if card is None else Card.model_validate(card)
    except pydantic.ValidationError as error:
        told = (
            f"{source}: card.{'.'.join(map(str, mistake['loc']))}: {mistake['msg']}"
            for mistake in error.errors(include_url=False)
        )
        raise UsageError("\n".join(told)) from None


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
