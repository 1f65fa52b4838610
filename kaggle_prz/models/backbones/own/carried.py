"""The one file that a network needs elsewhere, or why one file is not enough."""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Origin
from kaggle_prz.models.backbones.own.code import is_a_library_file
from kaggle_prz.models.backbones.own.imported import importable

_OURS = __name__.partition(".")[0]
_PLUGIN = "or make the network a plugin of a package, see docs/backbones.md"


def file_of(origin: Origin) -> Path:
    """Return the file of a network, which a bundle carries; refuse one that needs other files."""
    file = origin.file
    if file is not None and not origin.attribute:
        return file
    if file is None or file.suffix != ".py":
        raise _refusal(origin, "it is compiled", f"Write it in a .py file, {_PLUGIN}")
    if is_a_library_file(str(file)):
        raise _refusal(
            origin,
            f"{file} belongs to an installed package",
            f"Write the function in a .py file of your own, {_PLUGIN}",
        )
    if needed := next(_own_imports(file), ""):
        raise _refusal(
            origin,
            f"{file} imports {needed}, which is code of yours in another file",
            f"Put the code into one file, {_PLUGIN}",
        )
    return file


def _refusal(origin: Origin, reason: str, advice: str) -> UsageError:
    return UsageError(
        "A kernel's bundle takes the one file of a network, which needs no other file of yours; "
        f"received the backbone {origin.written!r}: {reason}. {advice}."
    )


def _own_imports(file: Path) -> Iterator[str]:
    """Yield the modules of the user's that a file imports, at its top or within functions."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        else:
            continue
        with importable([file.parent]):
            yield from (name for name in names if _is_own(name))


def _is_own(module: str) -> bool:
    top = module.partition(".")[0]
    if not top:  # relative
        return True
    if top in sys.stdlib_module_names or top == _OURS:
        return False
    try:
        spec = importlib.util.find_spec(top)
    except (ValueError, ImportError):
        return False
    if spec is None:  # imported where it is installed only
        return False
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or [])
    return not all(is_a_library_file(str(place)) for place in places)
