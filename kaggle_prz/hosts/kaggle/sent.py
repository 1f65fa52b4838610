"""What Kaggle says of submissions: listed, looked up by their content, waited for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kaggle_prz.console import Console, duration
from kaggle_prz.errors import HostError, LimitReachedError, SubmissionError
from kaggle_prz.hosts.kaggle import facts, ledger, patience
from kaggle_prz.hosts.kaggle.door import Door
from kaggle_prz.offline.competition import Submission
from kaggle_prz.scrubbing import scrubbed

_PAGE = 100
_PAGES = 50
_STATUSES = ("pending", "complete", "error")
LONGEST_WAIT = 3600.0  # seconds until a pending submission is left to a later call
_FIRST_WAIT, _NEXT_WAITS = 2.0, 30.0


def rows(door: Door, slug: str) -> Iterator[dict[str, Any]]:
    """Kaggle's rows of the account's submissions, the newest first, asked for page by page."""
    token = ""
    for _ in range(_PAGES):
        answer = door.ask(
            "ListSubmissions",
            "Listing the submissions to",
            slug,
            competition_name=slug,
            page_size=_PAGE,
            page_token=token,
        )
        yield from answer.get("submissions") or []
        token = str(answer.get("nextPageToken") or "")
        if not token:
            return


def submissions(door: Door, slug: str) -> list[Submission]:
    """The account's submissions, the newest first; digests where this machine knows them."""
    digests = {entry.ref: entry.sha256 for entry in ledger.read(slug) if entry.ref}
    return [
        value(row, digests.get(facts.whole(row.get("ref")), ""), door.private)
        for row in rows(door, slug)
    ]


def of_content(door: Door, slug: str, sha256: str) -> dict[int, Submission]:
    """Submissions of one content, by their attempt, from whichever machine they were sent."""
    by_ref = {e.ref: e.attempt for e in ledger.read(slug) if e.ref and e.sha256 == sha256}
    found: dict[int, Submission] = {}
    for row in rows(door, slug):
        attempt = by_ref.get(facts.whole(row.get("ref")), 0) or ledger.attempt_of(
            str(row.get("description") or ""), sha256
        )
        if attempt and attempt not in found:
            found[attempt] = value(row, sha256, door.private)
    return found


def that_counts(found: dict[int, Submission]) -> Submission | None:
    """The newest submission that was not refused."""
    good = [found[attempt] for attempt in sorted(found) if found[attempt].status != "error"]
    return good[-1] if good else None


def check_limit(door: Door, slug: str, daily_limit: int) -> None:
    """Refuse where no submission is left.

    Args:
        door: to Kaggle.
        slug: the competition.
        daily_limit: how many a day it takes, as its facts say; 0 where they do not.

    Raises:
        SubmissionError: the team has made all that it may make.
        LimitReachedError: those of the day are made.
        HostError: and its children.
    """
    left = door.ask(
        "GetSubmissionLimits", "Asking for the day's limit of", slug, competition_name=slug
    )
    if facts.whole(left.get("numAllowedNow")) > 0:
        return
    if left.get("limitedByTotal"):
        raise SubmissionError(
            f"{slug!r} takes no more submissions from this team: all "
            f"{facts.whole(left.get('numTotal'))} are made."
        )
    made = f"{facts.whole(left.get('numToday'))}"
    made += f" of {daily_limit}" if daily_limit else ""
    raise LimitReachedError(
        f"The day's submissions to {slug!r} are used up: {made} were made on "
        f"{datetime.now(UTC).date()}. Submit again after midnight UTC."
    )


def wait(door: Door, slug: str, pending: Submission, console: Console) -> Submission:
    """The submission once it has a score or is refused.

    Raises:
        HostError: an hour has passed, or Kaggle does not answer; the submission is not lost.
    """
    if pending.status != "pending":
        return pending
    with console.bar(f"score of {slug}", 1) as advance:
        for waited in patience.waits(_FIRST_WAIT, _NEXT_WAITS):
            row = door.ask(
                "GetSubmission",
                f"Asking for the score of submission {pending.ref}",
                ref=pending.ref,
            )
            graded = value({**row, "ref": pending.ref}, pending.sha256, door.private)
            if graded.status != "pending":
                advance(1, note=graded.status)
                return graded
            if waited > LONGEST_WAIT:
                break
            advance(0, note=f"pending for {duration(waited)}")
    raise HostError(
        f"Submission {pending.ref} to {slug!r} has had no score for {duration(waited)}. It is not "
        "lost: the submit command goes on waiting for it."
    )


def value(row: dict[str, Any], sha256: str, private: tuple[str, ...]) -> Submission:
    """A row of Kaggle's as every host gives submissions; without what would name an account."""
    status = str(row.get("status") or "pending").rpartition("_")[2].lower()
    return Submission(
        ref=facts.whole(row.get("ref")),
        date=facts.moment(row.get("date")),
        description=str(row.get("description") or ""),
        file_name=str(row.get("fileName") or ""),
        sha256=sha256,
        status=status if status in _STATUSES else "pending",
        public_score=score(row.get("publicScore")),
        private_score=score(row.get("privateScore")),
        error=scrubbed(str(row.get("errorDescription") or ""), private),
    )


def score(text: Any) -> float | None:
    """A score of Kaggle's, which are texts; None where there is none.

    Example:
        >>> score("0.12345"), score("")
        (0.12345, None)
    """
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
