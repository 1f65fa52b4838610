"""A version of a kernel -> one submission, looked up by its version before it is made again."""

from typing import Any

import requests

from kaggle_prz.console import Console
from kaggle_prz.errors import HostError, SubmissionError
from kaggle_prz.hosts.kaggle import Door, facts, patience, sent
from kaggle_prz.hosts.kaggle.failures import PASSING, kind_of
from kaggle_prz.kernel.remote import Version
from kaggle_prz.offline.competition import Submission

_FILE = "submission.csv"
_TRIES = 4  # where Kaggle does not answer


def submit_version(
    door: Door, slug: str, version: Version, message: str, console: Console
) -> Submission:
    """Submit a version's `submission.csv` once, and wait for its score.

    Args:
        door: to Kaggle.
        slug: the competition.
        version: that has completed; a code competition runs it again, on the hidden test set.
        message: description; the version is added.
        console: gets the score.

    Raises:
        SubmissionError: Kaggle refuses it, or grades it with an error.
        HostError: and its children.
    """
    if facts.get(slug, door, fresh=True).disabled:
        raise SubmissionError(f"{slug!r} takes no submissions at the moment, says Kaggle.")
    row = _row_of(door, slug, version)
    for tries in range(1, _TRIES + 1):
        if row is not None:
            break
        row = _created(door, slug, version, message) or _row_of(door, slug, version)
        if row is None:
            patience.pause(door.patience.wait(tries))
    if row is None:
        raise HostError(
            f"Kaggle did not answer {_TRIES} times whether it took version {version.number} of "
            f"{version.ref}, and none of the submissions to {slug!r} is it. Submit the version on "
            f"its page: {version.url}"
        )
    graded = sent.wait(door, slug, sent.value(row, "", door.private), console)
    if graded.status == "error":
        raise SubmissionError(
            f"Kaggle refused the submission of version {version.number} to {slug!r}: "
            f"{graded.error or 'it does not say why'}"
        )
    score = "hidden so far" if graded.public_score is None else f"{graded.public_score:.5f}"
    console.say(f"Leaderboard of {slug}: public score {score} (submission {graded.ref})")
    return graded


def _mark(version: Version) -> str:
    """What a description ends with, so that a submission is found by its version."""
    return f"[{version.ref.partition('/')[2]} v{version.number}]"


def _row_of(door: Door, slug: str, version: Version) -> dict[str, Any] | None:
    mark = _mark(version)
    rows = sent.rows(door, slug)
    return next((row for row in rows if str(row.get("description")).endswith(mark)), None)


def _created(door: Door, slug: str, version: Version, message: str) -> dict[str, Any] | None:
    """The row of a new submission; None where it is not known whether there is one.

    Raises:
        SubmissionError: Kaggle refuses it.
        HostError: and its children, where asking again would not help.
    """
    described = f"{message} {_mark(version)}".strip()
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
