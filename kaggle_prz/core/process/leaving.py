"""What leaves the package in the place of an error: no text of it holds a credential.

The command line and the functions of the package end through here, whatever was raised below.
"""

import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from kaggle_prz.core.errors import PrzError, UnforeseenError, unforeseen
from kaggle_prz.core.process import interrupts
from kaggle_prz.core.process.scrubbing import scrubbed

_INTERRUPTED = 130
_GO_ON = "Interrupted. Finished folds are kept; run the same command again to continue."


def leaving(error: Exception) -> Exception:
    """Return what a caller gets in the place of an error.

    Errors raised on purpose, and those of the user's own classes, leave as they are; of others an
    `UnforeseenError` tells. Causes stay where none of them holds a credential.
    """
    if isinstance(error, PrzError) or _is_users_own(type(error)):
        clean(error)
        if _is_clean(error):
            return error
    sentence = UnforeseenError(unforeseen(error, "its traceback is above"))
    if all(map(_is_clean, chain(error))):
        sentence.__cause__ = error
        return sentence
    return sentence.with_traceback(error.__traceback__)


def exit_with_a_sentence(run: Callable[[], object], *, debug: bool) -> None:
    """Run a command; where it fails, end the process with one sentence and a status.

    The status is 130 for Ctrl-C, also where a library turned it into an error; an error's own; or 1
    for an unforeseen one. With `debug` a
    traceback without credentials takes the place of the sentence.
    """
    try:
        run()
        return
    except KeyboardInterrupt:
        status, sentence = _INTERRUPTED, _GO_ON
    except SystemExit as error:
        clean(error)
        raise
    except PrzError as error:
        status, sentence = error.exit_code, f"Error: {scrubbed(str(error))}"
        sentence = traceback_of(error) if debug else sentence
    except Exception as error:
        status, sentence = 1, f"Error: {unforeseen(error)} Finished folds are kept."
        if interrupts.asked():  # what a library made of it
            status, sentence = _INTERRUPTED, _GO_ON
        sentence = traceback_of(error) if debug else sentence
    print(sentence, file=sys.stderr)
    sys.exit(status)  # outside of the handlers, whose error would come along


def clean(error: BaseException) -> None:
    """Take credentials out of an error, and causes away from it where one of them holds one."""
    if not all(_is_clean(cause) for cause in chain(error) if cause is not error):
        error.__cause__ = error.__context__ = None
    if _is_clean(error):
        return
    error.args = tuple(_clean_value(argument) for argument in error.args)
    for name, value in list(vars(error).items()):
        cleaned = [scrubbed(str(note)) for note in value] if name == "__notes__" else value
        vars(error)[name] = _clean_value(cleaned)


def traceback_of(error: BaseException) -> str:
    """Return a traceback with its causes, without a credential in it."""
    return scrubbed("".join(traceback.format_exception(error)).rstrip())


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes, the parts of groups, and what libraries wrapped into it."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None)]
            waiting += [*each.args, *getattr(each, "exceptions", ())]


def _is_clean(error: BaseException) -> bool:
    """Return whether no text of an error is a credential; a request holds one."""
    if getattr(error, "request", None) is not None or getattr(error, "response", None) is not None:
        return False
    try:
        texts = [str(error), repr(error), repr(error.args), repr(vars(error))]
        texts += map(str, [*getattr(error, "__notes__", ()), getattr(error, "object", "")])
        return all(scrubbed(text) == text for text in texts)
    except Exception:  # somebody else's __str__
        return False


def _clean_value(value: object) -> object:
    text = value if isinstance(value, str) else repr(value)
    cleaned = scrubbed(text)
    return value if cleaned == text else cleaned


def _is_users_own(kind: type[BaseException]) -> bool:
    """Return whether a class is defined neither in Python, nor in a package, nor here."""
    if kind.__module__ == "__main__":
        return True
    top = kind.__module__.partition(".")[0]
    if top in {"builtins", "kaggle_prz"} or top in sys.stdlib_module_names:
        return False
    module = sys.modules.get(kind.__module__) or sys.modules.get(top)
    file = getattr(module, "__file__", None) or getattr(sys.modules.get(top), "__file__", None)
    if file is None:
        return False
    installed = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    parents = set(Path(file).parents)
    return not (installed & parents or {"site-packages", "dist-packages"} & set(Path(file).parts))
