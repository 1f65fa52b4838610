"""Messages as people know what they said: by the keys of `competition.toml`, and by their links."""

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from kaggle_prz.core.errors import DataError, PrzError
from kaggle_prz.core.task import Task
from kaggle_prz.tasks.infer.hints import FILE

Keys = Mapping[str, object]  # of the file, that no option overrides -> their values


@contextmanager
def named(keys: Keys) -> Iterator[None]:
    """Let errors name keys in place of options, and links that lead to themselves."""
    try:
        yield
    except PrzError as error:
        error.args = (in_file(str(error), keys),)
        raise
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise DataError(
            f"{error.filename} is a link that leads to itself. Remove it, or let it lead to the "
            "file that is meant."
        ) from error


def in_file(message: str, keys: Keys) -> str:
    """Return a message on values of keys with these in place of options; advice stays as it is.

    Example:
        >>> in_file("--target 'x' is no column. Choose one with --target.", {"target": "x"})
        "target 'x' in competition.toml is no column. Choose one with --target."
    """
    for key, value in keys.items():
        option, quoted = f"--{key.replace('_', '-')}", re.escape(repr(value))
        places = (
            rf"^{option} {quoted}|^{option}(?= must| applies)",
            rf"{option} (?:{quoted}|{re.escape(str(value))})(?!\w)",
            rf"(?<=\(){option}(?=\))",
            rf"(?<=given with ){option}\b",
            rf"\b{key} {quoted}",
        )
        message = re.sub(
            "|".join(places),
            lambda found, key=key, option=option: (  # type: ignore[misc]
                f"{found[0].replace(option, key)} in {FILE}"
            ),
            message,
        )
    return message


def in_evidence(task: Task, keys: Keys) -> Task:
    """Return a task whose evidence names keys in place of options."""
    return replace(
        task,
        evidence=tuple(replace(one, rule=in_file(one.rule, keys)) for one in task.evidence),
    )
