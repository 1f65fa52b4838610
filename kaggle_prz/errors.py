"""What can go wrong, in the user's nouns.

A message says the rule, what was received and what to do about it. The command line prints it
as one line and exits with `exit_code`; nothing here is ever shown as a traceback.
"""


class PrzError(Exception):
    """Something the user can mend; every error raised on purpose descends from this one."""

    exit_code = 1


class UsageError(PrzError):
    """An option or argument that cannot be meant: the run never starts."""

    exit_code = 2


class CompetitionNotFoundError(UsageError):
    """No host knows a competition of that name."""


class DataError(PrzError):
    """The competition's files do not say what is needed, or contradict each other."""


class RunError(PrzError):
    """A run directory that cannot be used as asked: another recipe, in use, not finished."""


class DiskFullError(RunError):
    """No room was left for a file of the run; what was sealed before is intact."""


class SubmissionError(PrzError):
    """A submission that its host would refuse, or did refuse; nothing counted against a limit."""


class MissingExtraError(PrzError):
    """An optional package that the request needs is not installed.

    Args:
        what: what needs it, such as `"competition 'elpv'"`.
        package: the name of the missing distribution.
        extra: the extra of kaggle-prz that brings it.
    """

    def __init__(self, what: str, package: str, extra: str):
        super().__init__(
            f"{what} needs the package {package}, which is not installed. "
            f"Install it with: pip install 'kaggle-prz[{extra}]'"
        )
