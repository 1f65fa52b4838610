"""A version of a kernel -> one submission, looked up before it is made again.

Every description ends with a mark: the kernel, its version, and a digest of its bundle. So another
version of the same bundle, as the same command pushes it after a stop, is not submitted again.
"""

import re
from dataclasses import dataclass

import requests

from kaggle_prz.commands.kernel.remote import Version
from kaggle_prz.competitions.competition import Submission
from kaggle_prz.competitions.kaggle import Door, metadata, retry, submissions
from kaggle_prz.competitions.kaggle.failures import PASSING, Answer, kind_of
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import HostError, SubmissionError

_FILE = "submission.csv"
_DIGITS = 8  # of a digest, in a mark
_LONGEST = 500  # characters of a description
_TRIES = 4  # where Kaggle does not answer


@dataclass(frozen=True)
class Before:
    """A submission of the same bundle, made earlier."""

    version: int  # of the kernel, that was submitted
    row: Answer  # Kaggle's


def check(door: Door, slug: str) -> None:
    """Refuse what could not be submitted in the end, before a kernel runs for it.

    Raises:
        SubmissionError: the competition takes no submissions, or no more of them.
        LimitReachedError: those of the day are made.
    """
    submissions.check_limit(door, slug, _open(door, slug).daily_limit)


def _open(door: Door, slug: str) -> metadata.Facts:
    about = metadata.get(slug, door, fresh=True)
    if about.disabled:
        raise SubmissionError(f"{slug!r} takes no submissions at the moment, says Kaggle.")
    return about


def sent_before(door: Door, slug: str, kernel: str, content: str) -> Before | None:
    """The newest submission of a bundle by a kernel that was not refused."""
    mark = re.compile(rf"\[{re.escape(kernel.partition('/')[2])} v(\d+) {content[:_DIGITS]}\]$")
    for row in submissions.rows(door, slug):
        found = mark.search(str(row.get("description") or ""))
        if found and submissions.value(row, "", ()).status != "error":
            return Before(int(found[1]), row)
    return None


def submit_version(
    door: Door, slug: str, version: Version, message: str, console: Console, *, content: str = ""
) -> Submission:
    """Submit a version's `submission.csv` once, and wait for its score.

    Raises:
        SubmissionError: Kaggle refuses it, or grades it with an error.
    """
    _open(door, slug)
    mark = _mark(version, content)
    row = _row_of(door, slug, mark)
    for tries in range(1, _TRIES + 1):
        if row is not None:
            break
        described = f"{message[: _LONGEST - len(mark) - 1]} {mark}".strip()
        row = _created(door, slug, version, described) or _row_of(door, slug, mark)
        if row is None:
            retry.pause(door.patience.wait(tries))
    if row is None:
        raise HostError(
            f"Kaggle did not answer {_TRIES} times whether it took version {version.number} of "
            f"{version.ref}, and none of the submissions to {slug!r} is it. Submit the version on "
            f"its page: {version.url}"
        )
    return graded(door, slug, version.number, row, console)


def graded(door: Door, slug: str, number: int, row: Answer, console: Console) -> Submission:
    """The submission of Kaggle's row, once it has a score.

    Raises:
        SubmissionError: it is graded with an error.
    """
    found = submissions.wait(door, slug, submissions.value(row, "", door.private), console)
    if found.status == "error":
        raise SubmissionError(
            f"Kaggle refused the submission of version {number} to {slug!r}: "
            f"{found.error or 'it does not say why'}"
        )
    score = "hidden so far" if found.public_score is None else f"{found.public_score:.5f}"
    console.say(f"Leaderboard of {slug}: public score {score} (submission {found.ref})")
    return found


def _mark(version: Version, content: str) -> str:
    """What a description ends with, so that a submission is found by its version and content."""
    words = (version.ref.partition("/")[2], f"v{version.number}", content[:_DIGITS])
    return f"[{' '.join(filter(None, words))}]"


def _row_of(door: Door, slug: str, mark: str) -> Answer | None:
    rows = submissions.rows(door, slug)
    return next((row for row in rows if str(row.get("description")).endswith(mark)), None)


def _created(door: Door, slug: str, version: Version, described: str) -> Answer | None:
    """The row of a new submission; None where it is not known whether there is one.

    Raises:
        SubmissionError: Kaggle refuses it.
        HostError: and its children, where asking again would not help.
    """
    owner, _, kernel = version.ref.partition("/")
    try:
        answer = door.once(
            "CreateCodeSubmission",
            competition_name=slug,
            kernel_owner=owner,
            kernel_slug=kernel,
            kernel_version=version.number,
            file_name=_FILE,
            submission_description=described,
        )
    except requests.RequestException as error:
        raw: requests.RequestException | None = error
        answer = {}
    else:
        raw = None
    # Outside of the handler: what failed holds a request, and that a credential.
    if raw is not None and kind_of(raw) in PASSING:
        return None
    if raw is not None:
        failure = door.failure(raw, "Submitting the kernel's output to", slug)
        raise SubmissionError(str(failure)) if kind_of(raw) == "refused" else failure
    if not answer.get("ref"):
        said = answer.get("message") or "it says nothing more"
        raise SubmissionError(f"Kaggle did not take the submission to {slug!r}: {said}")
    return {"ref": answer["ref"], "description": described, "fileName": _FILE}
