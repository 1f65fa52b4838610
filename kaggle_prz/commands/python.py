"""The package's functions as Python calls them: arguments checked, errors scrubbed.

A message that names an option of the command line names it as Python writes it: `--sizes` becomes
`sizes=`. Commands to be run in a terminal stay as they are.
"""

import difflib
import functools
import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from kaggle_prz.core.errors import PrzError, UsageError
from kaggle_prz.core.process.leaving import clean, leaving

Function: TypeAlias = Callable[..., Any]

_PATH: tuple[type, ...] = (str, os.PathLike)
# Argument -> what it takes, and in words.
_TAKEN: Mapping[str, tuple[tuple[type, ...], str]] = {
    "competition": (
        _PATH,
        "the name of a competition, its URL at Kaggle, or the path of a directory with its files",
    ),
    "output_dir": (_PATH, "the path of a directory"),
    "output": (_PATH, "the path of a file to write"),
    "path": (_PATH, "the path of a run's directory"),
    "run": (_PATH, "the name of a run"),
    "metric": ((str,), "the name of a metric, such as 'log_loss'"),
    **dict.fromkeys(
        ("target", "group", "id_column", "sample_id"), ((str,), "the name of a column")
    ),
    **dict.fromkeys(("sample", "labels"), (_PATH, "the name of a file of the competition")),
    "separator": ((str,), "space, comma, semicolon, bar or none"),
    "pages": ((str,), "first or all"),
    "pixel_range": ((str,), "two numbers, as in '0,4095', or file"),
    "largest_pixels": ((int,), "a whole number"),
    "positive": ((str,), "the name of a class"),
    **dict.fromkeys(("message", "image_cache"), ((str,), "a text")),
    "workers": ((int, str), "a whole number or 'auto'"),
    **dict.fromkeys(("submit", "again", "calibrate"), ((bool,), "True or False")),
    **dict.fromkeys(("image_size", "classes"), ((int,), "a whole number")),
}
_TABLE = (
    "Write the table as a CSV file beside the images, with to_csv, and pass the path of that "
    "directory"
)
_METRICS = "kaggle_prz.metrics.names() lists the names"


@functools.cache
def guarded(function: Function) -> Function:
    """Return a function that checks its arguments, and raises no error but ours and users'."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*positional: object, **named: object) -> object:
        try:
            bound = _bound(function, signature, positional, named)
            return function(*bound.args, **bound.kwargs)
        except Exception as error:
            failure = leaving(error)
        except BaseException as error:  # Ctrl-C, and the end of the process
            clean(error)
            raise
        if isinstance(failure, PrzError):
            failure.args = (in_python(str(failure)),)
        raise failure  # outside of the handler, whose error would come along

    return call


def in_python(message: str) -> str:
    """Return a message with the command line's options as keywords.

    Example:
        >>> in_python("received --sizes 32,49. Use --weights none, or kaggle-prz fit --tta.")
        'received sizes=(32, 49). Use weights="none", or kaggle-prz fit --tta.'
    """
    command = r"((?:kaggle-prz [a-z]+|pip)\b[^\n]*?(?=[.;,](?:\s|$)|\n|$))"
    parts = re.split(command, message)
    parts[::2] = [_OPTION.sub(_as_keyword, part) for part in parts[::2]]
    return "".join(parts)


_VALUE = r"\d+(?:[.,]\d+)*|none|float32|[A-Z]+\b|'[^']*'|\"[^\"]*\"|\S*/\S*\w"
_OPTION = re.compile(rf"--(no-)?([a-z][a-z-]*[a-z])(?: ({_VALUE}))?")


def _as_keyword(match: re.Match[str]) -> str:
    keyword = "settings" if match[2] == "set" else match[2].replace("-", "_")
    is_flag, value = _keywords().get(keyword), match[3] or ""
    if is_flag is None or (is_flag and value):
        return match[0]
    if is_flag:
        return f"{keyword}={not match[1]}"
    if "," in value and value[0].isdigit():
        value = f"({value.replace(',', ', ')})"
    elif value in {"none", "float32"} or ("/" in value and value[0] not in "'\""):
        value = f'"{value}"'
    return f"{keyword}={value}"


@functools.cache
def _keywords() -> dict[str, bool]:
    """Return keywords of the package's functions, and whether each is True or False."""
    from kaggle_prz.schedule.recipe import Recipe
    from kaggle_prz.tasks.overrides import Overrides

    fields = {**Recipe.model_fields, **Overrides.model_fields}
    found = {name: field.annotation is bool for name, field in fields.items()}
    found |= {name: types == (bool,) for name, (types, _) in _TAKEN.items()}
    return found | {"recipe": False, "settings": False}


def _bound(
    function: Function,
    signature: inspect.Signature,
    positional: tuple[object, ...],
    named: Mapping[str, object],
) -> inspect.BoundArguments:
    """Arguments as a function takes them."""
    _check_names(function.__name__, signature, named)
    try:
        bound = signature.bind(*positional, **named)
    except TypeError as error:
        known = ", ".join(_explicit(signature))
        raise UsageError(f"prz.{function.__name__}: {error}. It takes {known}.") from None
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            checked = {key: _checked(key, each, optional=True) for key, each in value.items()}
            bound.arguments[name] = checked
        elif not _is_finished_run(parameter):
            bound.arguments[name] = _checked(name, value, optional=parameter.default is None)
    for parameter in filter(_is_finished_run, signature.parameters.values()):
        bound.arguments[parameter.name] = _run(bound.arguments[parameter.name])
    return bound


def _is_finished_run(parameter: inspect.Parameter) -> bool:
    """Return whether an argument is a run itself; elsewhere, `run` is the name of one to make."""
    return parameter.name == "run" and parameter.default is parameter.empty


def _explicit(signature: inspect.Signature) -> list[str]:
    parameters = signature.parameters.values()
    return [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]


def _check_names(function: str, signature: inspect.Signature, named: Iterable[str]) -> None:
    """Refuse unknown keywords; those of recipes are checked with their values."""
    known = _explicit(signature)
    if function == "inspect":
        from kaggle_prz.tasks.overrides import Overrides

        known += Overrides.model_fields
    elif function == "build_model":
        from kaggle_prz.models import classifier

        known += [
            name for name in inspect.signature(classifier.build).parameters if name not in known
        ]
    elif len(known) < len(signature.parameters):
        return
    for name in named:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            takes = ", ".join(known)
            raise UsageError(f"prz.{function} takes no argument {name!r}.{meant} It takes {takes}.")


def _checked(name: str, value: object, *, optional: bool) -> object:
    """Return an argument as functions take it, paths as texts."""
    speaks = all(hasattr(value, part) for part in ("say", "table", "bar"))
    if name == "console" and value is not None and not speaks:
        raise _refused("console takes an object with the methods say, table and bar", value)
    if name not in _TAKEN or (optional and value is None):
        return value
    types, words = _TAKEN[name]
    number = int in types and hasattr(value, "__index__") and not isinstance(value, bool)
    if not (number or isinstance(value, types)):
        advice = (
            f" {_METRICS}; competition.toml can also set the metric." if name == "metric" else ""
        )
        raise _refused(f"{name} takes {words}", value, advice)
    if isinstance(value, str) and ("\0" in value or not (value or name == "message")):
        raise UsageError(f"{name} takes {words}; received {value!r}.")
    if not isinstance(value, os.PathLike):
        return value
    text = os.fspath(value)
    if not isinstance(text, str):
        raise _refused(f"{name} takes {words}", text)
    is_directory = name == "competition" and Path(text).is_dir()
    # A path is never a name: of two that are alike, the directory is meant.
    return str(Path(text).absolute()) if is_directory else text


def _run(value: object) -> object:
    """Return a finished run, loaded where its directory is given."""
    from kaggle_prz import runs

    if isinstance(value, runs.Run):
        return value
    if not isinstance(value, str | os.PathLike):
        raise _refused("run takes a finished run, or the path of its directory", value)
    return runs.load_run(Path(os.fsdecode(value)))


def _refused(rule: str, value: object, advice: str = "") -> UsageError:
    kind = type(value).__name__
    received = f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
    if callable(value):
        received = "a function"
    elif value is None or isinstance(value, bool | int | float):
        received = repr(value)
    elif hasattr(value, "to_csv"):
        advice = f" {_TABLE}."
    return UsageError(f"{rule}; received {received}.{advice}")
