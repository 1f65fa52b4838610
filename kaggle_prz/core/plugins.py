"""Entry points -> named factories; built-in ones and other packages' go the same way."""

import difflib
import importlib.metadata
from collections.abc import Sequence

from kaggle_prz.core.errors import PrzError, UsageError

BACKBONES = "kaggle_prz.backbones"
READERS = "kaggle_prz.readers"
_MOST = 20  # names in a message
_MOST_NEAR = 3


def names(kind: str) -> list[str]:
    """Return the names that a kind of plugin, an entry point group, offers, sorted."""
    return sorted({entry.name for entry in importlib.metadata.entry_points(group=kind)})


def load(kind: str, name: str) -> object:
    """Return the object behind one name; refuse an unknown one, or one that cannot be imported."""
    found = list(importlib.metadata.entry_points(group=kind, name=name))
    if not found:
        raise unknown(kind.rpartition(".")[2].removesuffix("s"), name, names(kind))
    try:
        plugin: object = found[0].load()
    except (ImportError, AttributeError) as error:
        raise PrzError(
            f"The plugin {name!r} of {kind} (entry point {found[0].value}) cannot be imported: "
            f"{error}. Install the package that provides it again, or remove it."
        ) from error
    return plugin


def unknown(
    noun: str, name: str, known: Sequence[str], listed_by: str = "kaggle-prz backbones"
) -> UsageError:
    """Return the error for a name that nobody knows: the nearest ones, and how to see all."""
    word = name.lower()
    near = [each for each in known if word and word in each.lower()]
    near.sort(key=lambda each: not each.lower().startswith(word))
    near = (near or difflib.get_close_matches(name, known, n=3))[:_MOST_NEAR]
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    every = f"Known: {', '.join(known)}." if len(known) <= _MOST else f"{listed_by} lists all."
    return UsageError(f"Unknown {noun} {name!r}.{hint} {every}")
