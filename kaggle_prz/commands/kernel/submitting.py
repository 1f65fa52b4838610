"""A version of a kernel -> one submission, looked up before it is made again.

Every description ends with a mark: the kernel, its version, and a digest of its bundle. So another
version of the same bundle, as the same command pushes it after a stop, is not submitted again.
"""

import re

import requests

from kaggle_prz.commands.kernel.remote import Version
from kaggle_prz.competitions.competition import Submission
from kaggle_prz.competitions.kaggle import Door, retry, submissions
from kaggle_prz.competitions.kaggle.failures import PASSING, Answer, kind_of
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import HostError, SubmissionError

_FILE = "submission.csv"
_DIGITS = 8  # of a digest, in a mark
_LONGEST = 500  # characters of a description
_TRIES = 4  # where Kaggle does not answer


def check(door: Door, slug: str) -> None:
    """Refuse what could not be submitted in the end, before a kernel runs for it."""
    submissions.check_limit(door, slug, submissions.open_facts(door, slug).daily_limit)


def sent_before(door: Door, slug: str, kernel: str, content: str) -> tuple[int, Answer] | None:
    """Return the version and row of the newest submission of a bundle that was not refused."""
    mark = re.compile(rf"\[{re.escape(kernel.partition('/')[2])} v(\d+) {content[:_DIGITS]}\]$")
    for row in submissions.rows(door, slug):
        found = mark.search(str(row.get("description") or ""))
        if found and submissions.value(row, "", ()).status != "error":
            return int(found[1]), row
    return None


def submit_version(
    door: Door, slug: str, version: Version, message: str, console: Console, *, content: str = ""
) -> Submission:
    """Submit a version's `submission.csv` once, and wait for its score."""
    submissions.open_facts(door, slug)
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
            f"Kaggle did not answer {_TRIES} times whether it received the submission of version "
            f"{version.number} of {version.ref}, and the list of submissions to {slug!r} does "
            f"not contain it. Submit the version on its page: {version.url}"
        )
    return graded(door, slug, version.number, row, console)


def graded(door: Door, slug: str, number: int, row: Answer, console: Console) -> Submission:
    """Return the submission of Kaggle's row once it has a score; refuse one with an error."""
    found = submissions.wait(door, slug, submissions.value(row, "", door.private), console)
    if found.status == "error":
        raise SubmissionError(
            f"Kaggle refused the submission of version {number} to {slug!r}: "
            f"{found.error or 'it gives no reason'}"
        )
    score = "not shown yet" if found.public_score is None else f"{found.public_score:.5f}"
    console.say(f"Leaderboard of {slug}: public score {score} (submission {found.ref})")
    return found


def _mark(version: Version, content: str) -> str:
    """Return what a description ends with, to find a submission by its version and content."""
    words = (version.ref.partition("/")[2], f"v{version.number}", content[:_DIGITS])
    return f"[{' '.join(filter(None, words))}]"


def _row_of(door: Door, slug: str, mark: str) -> Answer | None:
    rows = submissions.rows(door, slug)
    return next((row for row in rows if str(row.get("description")).endswith(mark)), None)


def _created(door: Door, slug: str, version: Version, described: str) -> Answer | None:
    """Return the row of a new submission; None where it is not known whether there is one."""
    owner, _, kernel = version.ref.partition("/")
    answer = door.tried(
        lambda: door.once(
            "CreateCodeSubmission",
            competition_name=slug,
            kernel_owner=owner,
            kernel_slug=kernel,
            kernel_version=version.number,
            file_name=_FILE,
            submission_description=described,
        )
    )
    if isinstance(answer, requests.RequestException):
        if kind_of(answer) in PASSING:
            return None
        raise door.refusal(answer, "Submitting the kernel's output to", slug)
    if not answer.get("ref"):
        raise submissions.not_taken(slug, answer)
    return {"ref": answer["ref"], "description": described, "fileName": _FILE}
