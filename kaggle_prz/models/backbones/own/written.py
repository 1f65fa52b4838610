"""A network of the user's own as a text: `module:function`, `net.py:function`, `net.keras`.

Read without Keras and without importing anything; what is no such text is a name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kaggle_prz.core.errors import UsageError, printable

FORMS = "MODULE:FUNCTION, FILE.py:FUNCTION or FILE.keras"
_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])")
_SAVED = ".keras"
_WEIGHTS = (".h5", ".hdf5")


@dataclass(frozen=True)
class Written:
    """Where a network is: a module or a file, and the attribute of a module."""

    text: str
    module: str = ""  # dotted; empty where a file is named
    path: str = ""  # of a .py or .keras file, as written
    attribute: str = ""  # dotted; empty for a .keras file

    @property
    def is_saved(self) -> bool:
        """Return whether it is a model that Keras saved."""
        return not self.attribute

    def refusal(self, reason: str) -> UsageError:
        """Return the error of a text that names no network, for this reason."""
        return refusal(self.text, reason)

    def located(self, directories: Iterable[Path]) -> Path:
        """Return the file that is named, below the first directory that has it."""
        places = [place / Path(self.path).expanduser() for place in directories]
        for place in places:
            if place.is_file():
                return place
        if directory := next((place for place in places if place.is_dir()), None):
            raise self.refusal(f"{directory} is a directory")
        listed = " and no file ".join(map(str, dict.fromkeys(places)))
        raise self.refusal(f"there is no file {listed}")


def refusal(text: str, reason: str) -> UsageError:
    """Return the error of a text that names no network, for this reason."""
    said = reason if reason[-1] in ".!?" else f"{reason}."
    return UsageError(f"--backbone {text!r} names no network: {printable(said)}")


def parse(text: str) -> Written | None:
    """Return what a text names, or None for a name; refuse what is neither.

    Example:
        >>> parse("nets/small.py:net").path
        'nets/small.py'
        >>> parse("tiny") is None
        True
    """
    drive = match[0] if (match := _DRIVE.match(text)) else ""
    rest = text[len(drive) :]
    lower = rest.lower()
    if lower.endswith(_SAVED):
        return Written(text, path=text)
    if lower.endswith(_WEIGHTS):
        raise refusal(
            text,
            "it is an HDF5 file. If it has weights, give it with --weights, and the network that "
            "they belong to with --backbone; if it has a whole model, load it with "
            "keras.models.load_model and save it as NAME.keras",
        )
    if lower.endswith(".py"):
        raise refusal(text, f"add the function that builds it, {text}:FUNCTION")
    place, colon, attribute = rest.rpartition(":")
    if colon:
        return _of_code(text, drive + place, attribute)
    if (Path(text).expanduser() / "saved_model.pb").is_file():
        raise refusal(
            text,
            "it is a SavedModel, which Keras 3 does not load as a model. Build the network with "
            "Keras 3 and save it as NAME.keras",
        )
    if drive or "/" in text or "\\" in text:
        raise refusal(text, f"it is a path. Write {FORMS}")
    return None


def _of_code(text: str, place: str, attribute: str) -> Written:
    if not place.strip():
        raise refusal(text, "the module before the colon is missing. Write MODULE:FUNCTION")
    if not attribute.strip():
        raise refusal(text, f"the function after the colon is missing. Write {place}:FUNCTION")
    if attribute.endswith(")"):
        raise refusal(
            text, f"write the function without brackets, {place}:{attribute.partition('(')[0]}"
        )
    if not _is_dotted(attribute):
        raise refusal(text, f"{attribute!r} is no name in Python. Write {FORMS}")
    if place.lower().endswith(".py"):
        return Written(text, path=place, attribute=attribute)
    if "/" in place or "\\" in place:
        raise refusal(text, f"a file of Python code ends in .py. Write {place}.py:{attribute}")
    if not _is_dotted(place):
        raise refusal(
            text,
            f"{place!r} is no name of a module. Write {FORMS}",
        )
    return Written(text, module=place, attribute=attribute)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
