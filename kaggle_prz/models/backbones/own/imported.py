"""A text such as `net.py:function` -> the object that it names, with its module imported."""

import contextlib
import difflib
import importlib
import importlib.util
import os
import sys
import traceback
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

from kaggle_prz.core.errors import PrzError
from kaggle_prz.models.backbones.own.code import is_a_library_file
from kaggle_prz.models.backbones.own.written import Written

_MOST = 8  # names that a message lists
_Stamp = tuple[int, int]
_files: dict[Path, tuple[_Stamp, types.ModuleType]] = {}


def load(written: Written, directories: Sequence[Path]) -> tuple[object, Path | None]:
    """Return the object and its module's file; modules are looked for in directories first."""
    if written.module:
        with importable(directories):
            module = _module(written)
        named = getattr(module, "__file__", None)
        file = Path(named) if named else None
    else:
        file = written.located(directories)
        with importable([file.parent, *directories]):
            module = _of_file(written, file)
    return _attribute(written, module), file


@contextlib.contextmanager
def importable(directories: Sequence[Path]) -> Iterator[None]:
    """Find modules in directories first, as `python -m` does; then put all back."""
    added = [str(directory) for directory in directories if str(directory) not in sys.path]
    sys.path[:0] = added
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for directory in added:
            with contextlib.suppress(ValueError):
                sys.path.remove(directory)


def _module(written: Written) -> types.ModuleType:
    try:
        return importlib.import_module(written.module)
    except PrzError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if not f"{written.module}.".startswith(f"{missing}."):
            raise written.refusal(_raised(written.module, error)) from error
        raise written.refusal(
            f"there is no module {missing!r} here or among installed packages. Run the command "
            "from the directory that has it, install its package, or write FILE.py:FUNCTION"
        ) from None
    except (Exception, SystemExit) as error:  # whatever the user's module raises
        raise written.refusal(_raised(written.module, error)) from error


def _of_file(written: Written, file: Path) -> types.ModuleType:
    """Return the module of a file, executed again only where the file has changed."""
    try:
        stamp = (file.stat().st_mtime_ns, file.stat().st_size)
        source = file.read_bytes()
    except OSError as error:
        raise written.refusal(f"{file} cannot be read: {error.strerror}") from None
    if file in _files and _files[file][0] == stamp:
        return _files[file][1]
    name = _name_for(file)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, file  # of a name that ends in .py
    module, before = importlib.util.module_from_spec(spec), sys.modules.get(name)
    sys.modules[name] = module  # where classes look up their module
    try:  # compiled here: what Python caches beside a file may be older than the file
        exec(compile(source, str(file), "exec"), vars(module))
    except (Exception, SystemExit) as error:  # whatever the user's file raises
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
        if isinstance(error, PrzError):
            raise
        raise written.refusal(_raised(file.name, error)) from error
    _files[file] = stamp, module
    return module


def _name_for(file: Path) -> str:
    """Return the name that `import` would give, unless a module from elsewhere has it."""
    known = sys.modules.get(file.stem)
    place = getattr(known, "__file__", None)
    ours = place and os.path.realpath(place) in {os.path.realpath(each) for each in [file, *_files]}
    free = (known is None or ours) and file.stem not in sys.stdlib_module_names
    return file.stem if free else f"backbone_{file.stem}"


def _raised(name: str, error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = f": {lines[0]}" if lines else ""
    if isinstance(error, SyntaxError) and error.filename:
        said = f": {error.msg}"
        where = f" in line {error.lineno} of {error.filename}"
    else:
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename != __file__
            and not frame.filename.startswith("<")
            and not is_a_library_file(frame.filename)
        ]
        where = f" in line {own[-1].lineno} of {own[-1].filename}" if own else ""
    return f"importing {name} fails{where} with {type(error).__name__}{said}"


def _attribute(written: Written, module: types.ModuleType) -> object:
    found: object = module
    for part in written.attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = [name for name in dir(found) if not name.startswith("_")]
            raise written.refusal(_unknown(written, part, names, found)) from None
    return found


def _unknown(written: Written, part: str, names: list[str], found: object) -> str:
    home = getattr(found, "__name__", "")
    own = [name for name in names if getattr(getattr(found, name), "__module__", "") == home]
    near = difflib.get_close_matches(part, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if own:
        hint += f" It has {', '.join(own[:_MOST])}{', …' if len(own) > _MOST else ''}."
    return f"{written.module or written.path} has no {part!r}.{hint}"
