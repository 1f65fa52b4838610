"""What a function of the user's computes, as a digest: its code, and the values that it reads.

Where a function was written is left out: the same cell of a notebook, run again, is the same.
"""

import dis
import hashlib
import inspect
import site
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

_LIBRARIES = tuple(
    {
        *(sysconfig.get_paths()[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        str(Path(np.__file__).parents[1]),  # an environment may see the packages of another one
    }
)
_FRAMEWORKS = {"keras", "keras_cv", "keras_hub", "tensorflow", "jax", "jaxlib", "torch"}
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_IMPORTS = frozenset({"IMPORT_NAME"})
_WRAPPED = ("python_function", "__wrapped__")  # by tf.function; by functools and JAX
_MADE_BY_CODE = 1 << 9  # of a class, Py_TPFLAGS_HEAPTYPE
_DEEPEST = 60


def digest_of(*things: object) -> str:
    """Return the digest of functions, classes and values: equal where they compute the same.

    Library code counts by its name alone, and objects by what `pickle` would keep of them.
    """
    digest = hashlib.sha256()
    seen: dict[int, tuple[int, object]] = {}
    for thing in things:
        for piece in _pieces(thing, seen, 0):
            digest.update(repr(piece).encode() + b"\0")
    return digest.hexdigest()[:16]


def is_of_a_library(thing: object) -> bool:
    """Return whether a class or function comes with Python or an installed package."""
    code = getattr(thing, "__code__", None)
    if isinstance(code, types.CodeType):  # of FunctionType itself it is something else
        return str(code.co_filename).startswith(_LIBRARIES)
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    if file is None:
        if not (isinstance(thing, type) and thing.__flags__ & _MADE_BY_CODE):
            return True
        # What exec() makes may call itself a part of Python, and is none of it.
        known = module is not None and getattr(module, thing.__name__, None) is thing
        return known and module is not None and _is_a_library(module)
    return str(file).startswith(_LIBRARIES)


def is_a_library_file(file: str) -> bool:
    """Return whether a file comes with Python or an installed package."""
    return file.startswith(_LIBRARIES)


class _Named(NamedTuple):
    name: str
    value: object


def _pieces(thing: object, seen: dict[int, tuple[int, object]], depth: int) -> Iterator[object]:
    """Yield what the digest reads of a thing, `depth` steps away, and of what that leads to.

    `seen` holds a number and the thing by its id: a thing that is kept alive keeps its id.
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


def _parts(thing: object) -> Iterator[object]:
    wrapped = next((getattr(thing, name) for name in _WRAPPED if hasattr(thing, name)), None)
    if isinstance(thing, types.MethodType):
        yield from map(_Named, ("method", "self"), (thing.__func__, thing.__self__))
    elif isinstance(thing, types.FunctionType | type) and is_of_a_library(thing):
        yield "library", thing.__module__, thing.__qualname__
    elif isinstance(thing, types.FunctionType):
        yield from _of_function(thing)
    elif wrapped is not None:
        yield _Named(type(thing).__name__, wrapped)
    elif isinstance(thing, type):
        yield from _of_class(thing)
    elif isinstance(thing, types.ModuleType):
        yield "module", thing.__name__
    elif isinstance(thing, types.CodeType):
        yield from _of_code(thing)
    elif isinstance(thing, list | tuple):
        yield type(thing).__name__
        yield from (_Named("item", item) for item in thing)
    elif isinstance(thing, set | frozenset):
        yield type(thing).__name__, sorted(map(digest_of, thing))
    elif isinstance(thing, Mapping):
        yield type(thing).__name__
        yield from (_Named(digest_of(key), thing[key]) for key in sorted(thing, key=digest_of))
    else:
        yield from _of_object(thing)


def _of_function(function: types.FunctionType) -> Iterator[object]:
    yield from _of_code(function.__code__)
    yield _Named("defaults", function.__defaults__)
    yield _Named("keyword defaults", function.__kwdefaults__)
    yield _Named("attributes", vars(function))
    for cell in function.__closure__ or ():
        try:
            yield _Named("closure", cell.cell_contents)
        except ValueError:  # not set yet
            yield "empty"
    names = _names(function.__code__)
    for name in _names(function.__code__, _READS):
        if name in function.__globals__:
            value = function.__globals__[name]
            yield _Named(f"global {name}", value)
            yield from _of_modules(name, value, names)
    for name in _names(function.__code__, _IMPORTS):
        yield from _of_modules(name, sys.modules.get(name), names)


def _of_modules(path: str, value: object, names: list[str]) -> Iterator[object]:
    """Yield what code reads of a module of the user's, and of modules within it."""
    if not isinstance(value, types.ModuleType) or _is_a_library(value):
        return
    for name in names:
        if hasattr(value, name):
            below = getattr(value, name)
            yield _Named(f"{path}.{name}", below)
            if isinstance(below, types.ModuleType) and below.__name__ != value.__name__:
                yield from _of_modules(f"{path}.{name}", below, names)


def _is_a_library(module: types.ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file.startswith(_LIBRARIES) if file else module.__name__ in sys.stdlib_module_names


def _of_code(code: types.CodeType) -> Iterator[object]:
    yield code.co_code, code.co_names, code.co_varnames, code.co_freevars
    yield from (_Named("constant", constant) for constant in code.co_consts)


def _names(code: types.CodeType, operations: frozenset[str] | None = None) -> list[str]:
    """Return the names in code and in functions within it, of some operations or of all."""
    within = [one for one in code.co_consts if isinstance(one, types.CodeType)]
    here = [
        str(step.argval)
        for step in dis.get_instructions(code)
        if (step.opname in operations if operations else step.argval in code.co_names)
    ]
    below = (name for one in within for name in _names(one, operations))
    return list(dict.fromkeys([*here, *below]))


def _of_class(kind: type) -> Iterator[object]:
    yield "class", kind.__qualname__
    for name, value in sorted(vars(kind).items()):
        if name.startswith(("__", "_abc_")) and not isinstance(value, types.FunctionType):
            continue  # such as the docstring and the line it is written in
        if not inspect.isdatadescriptor(value) or isinstance(value, property):
            within = getattr(value, "__func__", None) or getattr(value, "fget", None)
            yield _Named(name, value if within is None else within)
    yield _Named("bases", kind.__bases__)


def _of_object(thing: object) -> Iterator[object]:
    kind = type(thing)
    yield kind.__qualname__, getattr(thing, "__qualname__", getattr(thing, "__name__", ""))
    if getattr(thing, "shape", None) is not None and hasattr(thing, "dtype"):
        yield from _of_array(thing)
    elif kind.__module__.partition(".")[0] in _FRAMEWORKS:
        yield from _of_framework(thing)
    else:
        if not is_of_a_library(kind):
            yield _Named("class", kind)
        try:
            _, arguments, *state = tuple(thing.__reduce_ex__(4))
        except Exception:  # what cannot be pickled, such as a lock, counts by its class
            return
        yield _Named("arguments", arguments if isinstance(arguments, tuple) else ())
        yield from (_Named("state", list(s) if isinstance(s, Iterator) else s) for s in state)


def _of_array(thing: object) -> Iterator[object]:
    """Yield the values of an array, a tensor or a variable."""
    try:
        array = np.asarray(thing)
    except Exception:  # a symbolic tensor, which has no values
        return
    yield array.shape, str(array.dtype)
    if array.dtype.hasobject:
        yield _Named("items", array.tolist())
    else:
        yield hashlib.sha256(array.tobytes()).hexdigest()


def _of_framework(thing: object) -> Iterator[object]:
    """Yield the settings of a framework's object, such as a regularizer within the user's own."""
    try:
        config = thing.get_config()  # type: ignore[attr-defined] # if it has one
    except Exception:  # it has none
        return
    yield _Named("settings", _without_names(config))


def _without_names(value: object) -> object:
    """Return settings without what Keras numbers or draws for every object."""
    if isinstance(value, Mapping):
        return {key: _without_names(value[key]) for key in value if key not in ("name", "seed")}
    return [_without_names(item) for item in value] if isinstance(value, list | tuple) else value
