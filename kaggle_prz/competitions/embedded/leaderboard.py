"""The leaderboards of the embedded competitions: one JSON file each, in the tool's home."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydantic

from kaggle_prz.competitions.competition import Answers, EmbeddedCompetition, Standing, Submission
from kaggle_prz.competitions.embedded import grader
from kaggle_prz.core.errors import LimitReachedError, RunError, SubmissionError
from kaggle_prz.core.filesystem import exclusive, home, write_atomic

TEAM = "you"
BENCHMARK = "sample submission benchmark"
# Kaggle ranks a team in private by the best of two submissions, those with the best public
# scores unless the team chose others; the best of all would be a choice made on hidden answers.
FINAL_SUBMISSIONS = 2


@dataclass(frozen=True)
class _Board:
    competition: str
    submissions: tuple[Submission, ...] = ()


_BOARD = pydantic.TypeAdapter(_Board)


def board_path(slug: str) -> Path:
    """The file that holds a competition's leaderboard."""
    return home() / "leaderboards" / f"{slug}.json"


def submit(
    embedded: EmbeddedCompetition, csv: Path, description: str, *, now: datetime | None = None
) -> Submission:
    """Grade a file, and return the submission as entered in the leaderboard.

    A refused file is recorded with its reason and, as on Kaggle, does not count against the
    daily limit. `now` is the time it counts for, with its zone.
    """
    competition = embedded.competition
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    content = grader.read(csv)
    answers = embedded.answers()
    path = board_path(competition.slug)
    with exclusive(path.with_name(f".{path.name}.lock")):
        board = _read(competition.slug)
        _check_limit(board, competition.daily_limit, moment)
        refs = [each.ref for each in board.submissions]
        entry = _graded(
            content,
            answers,
            Submission(
                ref=max(refs, default=0) + 1,
                date=moment.isoformat(timespec="seconds"),
                description=description,
                file_name=csv.name,
                sha256=hashlib.sha256(content).hexdigest(),
                status="error",
                public_score=None,
                private_score=None,
            ),
        )
        updated = _Board(competition.slug, (*board.submissions, entry))
        write_atomic(path, _BOARD.dump_json(updated, indent=2) + b"\n")
    if entry.status == "error":
        raise SubmissionError(f"{csv} was refused: {entry.error}")
    return entry


def submissions(slug: str) -> list[Submission]:
    """Return every submission so far, the newest first."""
    return sorted(_read(slug).submissions, key=lambda each: each.ref, reverse=True)


def standings(embedded: EmbeddedCompetition, private: bool = False) -> list[Standing]:
    """Return a row for the team, if it has a score, and one for the sample submission.

    The best score comes first; lower is better. In private a team has the better score of its
    `FINAL_SUBMISSIONS` submissions with the best public scores.
    """
    answers = embedded.answers()
    uniform = np.full((len(answers.ids), len(answers.classes)), 1 / len(answers.classes))
    benchmark = grader.score(uniform, answers)
    rows = [(benchmark.private if private else benchmark.public, BENCHMARK, 1, "")]
    scored = [
        (each.public_score, each.private_score, each.date)
        for each in reversed(submissions(embedded.competition.slug))
        if each.public_score is not None and each.private_score is not None
    ]
    if scored:
        final = sorted(scored, key=lambda each: each[0])[:FINAL_SUBMISSIONS]
        score, date = min(
            ((hidden if private else shown, date) for shown, hidden, date in final),
            key=lambda each: each[0],
        )
        rows.append((score, TEAM, len(scored), date))
    ranked = enumerate(sorted(rows, key=lambda row: row[0]), start=1)
    return [
        Standing(rank, team, score, entries, date) for rank, (score, team, entries, date) in ranked
    ]


def _graded(content: bytes, answers: Answers, entry: Submission) -> Submission:
    try:
        scores = grader.grade_bytes(content, answers)
    except SubmissionError as error:
        return replace(entry, error=str(error))
    return replace(
        entry, status="complete", public_score=scores.public, private_score=scores.private
    )


def _check_limit(board: _Board, limit: int, moment: datetime) -> None:
    today = sum(
        each.status == "complete"
        and datetime.fromisoformat(each.date).astimezone(UTC).date() == moment.date()
        for each in board.submissions
    )
    if today >= limit:
        raise LimitReachedError(
            f"The competition {board.competition} takes {limit} submissions a day (UTC), and "
            f"{today} were made on {moment.date()}. Submit again after midnight UTC."
        )


def _read(slug: str) -> _Board:
    path = board_path(slug)
    try:
        board = _BOARD.validate_json(path.read_bytes(), strict=True)
        for each in board.submissions:
            datetime.fromisoformat(each.date)
    except FileNotFoundError:
        return _Board(slug)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"{path} should hold the leaderboard of {slug}, but cannot be read ({reason}). "
            "It was left as it is: mend it, or move it away to start a new leaderboard."
        ) from error
    if board.competition != slug:
        raise RunError(
            f"{path} should hold the leaderboard of {slug}, but holds that of "
            f"{board.competition}. It was left as it is: move it away to start a new leaderboard."
        )
    return board
