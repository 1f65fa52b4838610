"""What can go wrong, in the user's nouns.

A message says the rule, what was received and what to do about it. The command line prints it
as one line and exits with `exit_code`; nothing here is ever shown as a traceback.

No message holds a credential of this machine.
"""

from kaggle_prz.core.process.scrubbing import scrubbed

_LONGEST = 2000  # characters; a header of a damaged file may have millions
_DEBUG = "to see the traceback, write --debug before the command"


def printable(text: str, keep: str = "") -> str:
    """Return text as it may be shown: without control characters or a very long middle."""
    text = _shortened(text)
    if text.isprintable():
        return text
    return _shortened(
        "".join(sign if sign.isprintable() or sign in keep else ascii(sign)[1:-1] for sign in text)
    )


def _shortened(text: str) -> str:
    long = len(text) > _LONGEST
    return f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 4 :]}" if long else text


def unforeseen(error: Exception, advice: str = _DEBUG) -> str:
    """Return the sentence of an error that was not raised on purpose."""
    if isinstance(error, OSError) and error.filename is not None:
        return printable(
            scrubbed(
                f"{error.filename}: {error.strerror}. The path must exist and be accessible; "
                "other paths can be set with --output-dir, --output and KAGGLE_PRZ_HOME."
            )
        )
    told = printable(scrubbed(f"{type(error).__name__}: {error}"), "\n")
    return f"{told}. This is a bug in kaggle-prz or in a library; {advice}."


class PrzError(Exception):
    """Something the user can mend; every error raised on purpose descends from this one.

    What a message quotes of a file cannot break its lines apart or command a terminal, and a
    credential in it is not shown.
    """

    exit_code = 1
    _keep = "\n"

    def __init__(self, message: str = ""):
        super().__init__(printable(scrubbed(message), self._keep))


class UsageError(PrzError):
    """An option or argument that cannot be meant: the run never starts."""

    exit_code = 2


class CompetitionNotFoundError(UsageError):
    """No host knows a competition of that name."""


class DataError(PrzError):
    """The competition's files do not say what is needed, or contradict each other."""

    _keep = ""  # they are quoted, line breaks and all


class RunError(PrzError):
    """A run directory that cannot be used as asked: another recipe, in use, not finished."""


class DiskFullError(RunError):
    """No room was left for a file of the run; what was sealed before is intact."""


class PausedError(RunError):
    """A session's time is used up between two folds; the same call goes on in another session."""


class SubmissionError(PrzError):
    """A submission that its host would refuse, or did refuse; nothing counted against a limit."""


class LimitReachedError(SubmissionError):
    """The day's submissions are used up; the same one may be sent on another day."""


class SecretFoundError(PrzError):
    """A file that was about to leave this machine has a credential in it."""


class HostError(PrzError):
    """The host of a competition did not answer, or not as it should; nothing is lost by it."""


class NoNetworkError(HostError):
    """The host cannot be reached from this machine."""


class CredentialsError(HostError):
    """There is no credential for the host, or it does not accept the one there is."""


class RulesNotAcceptedError(HostError):
    """The host keeps files or submissions back until the competition's rules are accepted."""


class UnforeseenError(PrzError):
    """An error of kaggle-prz or of a library that nobody foresaw."""


class MissingExtraError(PrzError):
    """A package that `what` needs is not installed; an extra of kaggle-prz brings it, or pip."""

    def __init__(self, what: str, package: str, extra: str):
        wanted = f"'kaggle-prz[{extra}]'" if extra else package
        super().__init__(
            f"{what} needs the package {package}, which is not installed. "
            f"Install it with: pip install {wanted}"
        )
