"""What a function of the user's computes, as a digest: its code, and the values that it reads.

Where a function was written is left out: the same cell of a notebook, run again, is the same.
"""

import functools
import hashlib
import inspect
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_LIBRARIES = tuple(
    {sysconfig.get_paths()[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_DEEPEST = 8


def digest_of(*things: Any) -> str:
    """Return the digest of functions, classes and values: equal where they compute the same.

    Library code counts by its name alone.

    Example:
        >>> digest_of(lambda x: x + 1) == digest_of(lambda x: x + 1)
        True
        >>> digest_of(lambda x: x + 1) == digest_of(lambda x: x + 2)
        False
    """
    digest = hashlib.sha256()
    seen: dict[int, tuple[int, Any]] = {}
    for thing in things:
        for piece in _pieces(thing, seen, 0):
            digest.update(repr(piece).encode() + b"\0")
    return digest.hexdigest()[:16]


def is_of_a_library(thing: Any) -> bool:
    """Return whether a class or function comes with Python or an installed package.

    Example:
        >>> is_of_a_library(dict), is_of_a_library(lambda: None)
        (True, False)
    """
    code = getattr(thing, "__code__", None)
    if code is not None:
        return str(code.co_filename).startswith(_LIBRARIES)
    module = inspect.getmodule(thing)
    file = getattr(module, "__file__", None)
    name = getattr(thing, "__module__", None) or ""
    return name == "builtins" or (file is not None and file.startswith(_LIBRARIES))


def _pieces(thing: Any, seen: dict[int, tuple[int, Any]], depth: int) -> Iterator[Any]:
    """Yield what the digest reads of a thing, and of what that leads to.

    Args:
        thing: any value.
        seen: its number and itself by its id; a thing that is kept alive keeps its id.
        depth: how many steps it is away.
    """
    if isinstance(thing, _PLAIN):
        yield thing
        return
    if id(thing) in seen or depth > _DEEPEST:
        yield "seen", seen[id(thing)][0] if id(thing) in seen else type(thing).__name__
        return
    seen[id(thing)] = len(seen), thing
    for part in _parts(thing):
        if isinstance(part, _Named):
            yield part.name
            yield from _pieces(part.value, seen, depth + 1)
        else:
            yield part


class _Named:
    def __init__(self, name: str, value: Any):
        self.name, self.value = name, value


def _parts(thing: Any) -> Iterator[Any]:
    if isinstance(thing, functools.partial):
        yield "partial"
        yield from map(
            _Named, ("function", "args", "kwargs"), (thing.func, thing.args, thing.keywords)
        )
    elif isinstance(thing, types.MethodType):
        yield from map(_Named, ("method", "self"), (thing.__func__, thing.__self__))
    elif isinstance(thing, types.FunctionType | type) and is_of_a_library(thing):
        yield "library", thing.__module__, thing.__qualname__
    elif isinstance(thing, types.FunctionType):
        yield from _of_function(thing)
    elif isinstance(thing, type):
        yield from _of_class(thing)
    elif isinstance(thing, types.ModuleType):
        yield "module", thing.__name__
    elif isinstance(thing, list | tuple):
        yield type(thing).__name__
        yield from (_Named("item", item) for item in thing)
    elif isinstance(thing, dict):
        yield "dict"
        for key in sorted(thing, key=repr):
            yield _Named(repr(key), thing[key])
    elif isinstance(thing, set | frozenset):
        yield type(thing).__name__, sorted(map(repr, thing))
    else:
        yield from _of_value(thing)


def _of_function(function: types.FunctionType) -> Iterator[Any]:
    yield from _of_code(function.__code__)
    yield _Named("defaults", function.__defaults__)
    yield _Named("keyword defaults", function.__kwdefaults__)
    for cell in function.__closure__ or ():
        try:
            yield _Named("closure", cell.cell_contents)
        except ValueError:  # not set yet
            yield "empty"
    for name in _names(function.__code__):
        if name in function.__globals__:
            value = function.__globals__[name]
            yield _Named(f"global {name}", value)
            if isinstance(value, types.ModuleType) and not is_of_a_library(value):
                for attribute in _names(function.__code__):
                    if hasattr(value, attribute):
                        yield _Named(f"{name}.{attribute}", getattr(value, attribute))


def _of_code(code: types.CodeType) -> Iterator[Any]:
    yield code.co_code, code.co_names, code.co_varnames, code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _of_code(constant)
        else:
            yield _Named("constant", constant)


def _names(code: types.CodeType) -> list[str]:
    """Return the names that code reads, in functions within it too."""
    within = [one for one in code.co_consts if isinstance(one, types.CodeType)]
    return list(dict.fromkeys([*code.co_names, *(name for one in within for name in _names(one))]))


def _of_class(kind: type) -> Iterator[Any]:
    yield "class", kind.__qualname__
    for name, value in sorted(vars(kind).items()):
        if name.startswith("__") and not callable(value):
            continue  # such as the docstring and the line it is written in
        within = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
        if isinstance(within, (types.FunctionType, *_PLAIN)):
            yield _Named(name, within)
    yield _Named("bases", kind.__bases__)


def _of_value(thing: Any) -> Iterator[Any]:
    """Yield numbers of an array or variable by value, and of another object its class."""
    shape, dtype = getattr(thing, "shape", None), getattr(thing, "dtype", None)
    yield type(thing).__qualname__, getattr(thing, "__qualname__", getattr(thing, "__name__", ""))
    if shape is not None and dtype is not None:
        try:
            array = np.asarray(thing)
        except Exception:  # a symbolic tensor, which has no values
            return
        yield array.shape, str(array.dtype), hashlib.sha256(array.tobytes()).hexdigest()
    elif not is_of_a_library(type(thing)):
        yield _Named("class", type(thing))
