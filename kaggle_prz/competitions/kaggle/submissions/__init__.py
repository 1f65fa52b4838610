"""Submissions: those that Kaggle lists, and the ledger of those that this machine made.

Kaggle does not say what a submission held. So the ledger, one file a competition, readable by its
owner alone, keeps digests; and a tag in every description lets another machine recognise the same
content.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pydantic

from kaggle_prz.competitions.competition import Submission
from kaggle_prz.competitions.kaggle import metadata, paths, retry
from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.failures import Answer
from kaggle_prz.core.console import Console, duration
from kaggle_prz.core.errors import HostError, LimitReachedError, SubmissionError
from kaggle_prz.core.filesystem import read_json_as, replacing
from kaggle_prz.core.process.scrubbing import scrubbed

_STATUSES = ("pending", "complete", "error")
LONGEST_WAIT = 3600.0  # seconds until a pending submission is left to a later call
_FIRST_WAIT, _NEXT_WAITS = 2.0, 30.0
_TAG = re.compile(r"\[prz ([0-9a-f]{8})(?: (\d{1,4}))?\]")
_LONGEST = 500  # characters of a description, the tag's included


@dataclass(frozen=True)
class Entry:
    """One submission in the ledger, finished or not."""

    sha256: str
    attempt: int  # counts submissions of one content from 1
    ref: int = 0  # Kaggle's number, 0 until it is known
    asked: bool = False  # whether Kaggle was asked to take it: it may have, even without an answer
    token: str = ""  # stands for the uploaded file; empty once the number is known
    # The second name is that of version 0.1.0.
    started: Annotated[
        str, pydantic.Field(validation_alias=pydantic.AliasChoices("started", "begun"))
    ] = ""


_ENTRIES = pydantic.TypeAdapter(tuple[Entry, ...])


def ledger(slug: str) -> Path:
    """Return the ledger of a competition."""
    return paths.state(slug) / "submissions.json"


def entries(slug: str) -> tuple[Entry, ...]:
    """Return the entries, the oldest first; refuse a damaged ledger, lest a file is sent twice."""
    if not ledger(slug).is_file():
        return ()
    remedy = (
        f"It must list the submissions to {slug!r}. It was not changed: repair it, or move it "
        "away. Earlier submissions are then recognised by the tags in their descriptions."
    )
    return read_json_as(ledger(slug), tuple[Entry, ...], remedy=remedy)


def put(slug: str, entry: Entry) -> None:
    """Write an entry, in the place of one of the same content and attempt."""
    _write(slug, (*_others(slug, entry), entry))


def drop(slug: str, entry: Entry) -> None:
    """Remove an entry: Kaggle certainly did not take it."""
    _write(slug, _others(slug, entry))


def _write(slug: str, kept: tuple[Entry, ...]) -> None:
    with replacing(ledger(slug)) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(_ENTRIES.dump_json(kept, indent=2) + b"\n")


def _others(slug: str, entry: Entry) -> tuple[Entry, ...]:
    return tuple(e for e in entries(slug) if (e.sha256, e.attempt) != (entry.sha256, entry.attempt))


def attempt_of(description: str, sha256: str) -> int:
    """Return which attempt at a content a description marks; 0 where it marks another, or none."""
    for digest, attempt in reversed(_TAG.findall(description)):
        if sha256.startswith(digest):
            return int(attempt or 1)
    return 0


def tagged(description: str, entry: Entry) -> str:
    """Return a description with the tag, short enough for Kaggle."""
    tag = f"[prz {entry.sha256[:8]}{f' {entry.attempt}' if entry.attempt > 1 else ''}]"
    return f"{description[: _LONGEST - len(tag) - 1]} {tag}".strip()


def rows(door: Door, slug: str) -> Iterator[Answer]:
    """Yield Kaggle's rows of the account's submissions, the newest first, page by page."""
    what = "Listing the submissions to"
    for page in door.pages("ListSubmissions", what, slug, competition_name=slug):
        yield from page.get("submissions") or []


def of_content(door: Door, slug: str, sha256: str) -> dict[int, Submission]:
    """Return submissions of one content by their attempt, from whichever machine they were sent."""
    by_ref = {e.ref: e.attempt for e in entries(slug) if e.ref and e.sha256 == sha256}
    found: dict[int, Submission] = {}
    for row in rows(door, slug):
        tag = attempt_of(str(row.get("description") or ""), sha256)
        attempt = by_ref.get(metadata.whole(row.get("ref")), tag)
        if attempt:
            found.setdefault(attempt, value(row, sha256, door.private))
    return found


def that_counts(found: dict[int, Submission]) -> Submission | None:
    """Return the newest submission that was not refused, or None."""
    good = [attempt for attempt, each in found.items() if each.status != "error"]
    return found[max(good)] if good else None


def open_facts(door: Door, slug: str) -> metadata.Facts:
    """Return a competition's facts, asked for now; refuse one that takes no submissions."""
    about = metadata.get(slug, door, fresh=True)
    if about.disabled:
        raise SubmissionError(f"{slug!r} takes no submissions at the moment, according to Kaggle.")
    return about


def not_taken(slug: str, answer: Answer) -> SubmissionError:
    """Return the error of a submission that Kaggle answers without taking it."""
    said = str(answer.get("message") or "it gives no reason")
    return SubmissionError(f"Kaggle refused the submission to {slug!r}: {said}")


def check_limit(door: Door, slug: str, daily_limit: int) -> None:
    """Refuse where no submission is left, of the day or of all; the limit 0 is not known."""
    left = door.ask(
        "GetSubmissionLimits", "Asking for the daily limit of", slug, competition_name=slug
    )
    if metadata.whole(left.get("numAllowedNow")) > 0:
        return
    if left.get("limitedByTotal"):
        raise SubmissionError(
            f"Your team has used all {metadata.whole(left.get('numTotal'))} submissions to "
            f"{slug!r}, and Kaggle takes no more."
        )
    of = f" of {daily_limit}" if daily_limit else ""
    made = f"{metadata.whole(left.get('numToday'))}{of}"
    raise LimitReachedError(
        f"The daily limit of submissions to {slug!r} is used up: {made} were made on "
        f"{datetime.now(UTC).date()}. Submit again after midnight UTC."
    )


def wait(door: Door, slug: str, pending: Submission, console: Console) -> Submission:
    """Return the submission once it has a score or is refused; give up after an hour."""
    if pending.status != "pending":
        return pending
    what = f"Asking for the score of submission {pending.ref}"
    with console.bar(f"score of {slug}", 1) as advance:
        for waited in retry.waits(_FIRST_WAIT, _NEXT_WAITS):
            row = door.ask("GetSubmission", what, ref=pending.ref)
            graded = value({**row, "ref": pending.ref}, pending.sha256, door.private)
            if graded.status != "pending":
                advance(1, note=graded.status)
                return graded
            if waited > LONGEST_WAIT:
                break
            advance(0, note=f"pending for {duration(waited)}")
    raise HostError(
        f"Submission {pending.ref} to {slug!r} has had no score for {duration(waited)}. It is "
        "not lost. Run the submit command again to continue waiting."
    )


def value(row: Mapping[str, object], sha256: str, private: tuple[str, ...]) -> Submission:
    """Return a row of Kaggle's as hosts give submissions, without what would name an account."""
    status = str(row.get("status") or "pending").rpartition("_")[2].lower()
    return Submission(
        ref=metadata.whole(row.get("ref")),
        date=metadata.moment(row.get("date")),
        description=str(row.get("description") or ""),
        file_name=str(row.get("fileName") or ""),
        sha256=sha256,
        status=status if status in _STATUSES else "pending",
        public_score=metadata.score(row.get("publicScore")),
        private_score=metadata.score(row.get("privateScore")),
        error=scrubbed(str(row.get("errorDescription") or ""), private),
    )
