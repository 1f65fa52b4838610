"""The leaderboards of the embedded competitions: one JSON file each, in the tool's home."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydantic

from kaggle_prz.competitions.competition import Answers, Standing, Submission
from kaggle_prz.competitions.embedded import grader
from kaggle_prz.competitions.embedded.elpv import Elpv
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import LimitReachedError, RunError, SubmissionError
from kaggle_prz.core.filesystem import exclusive, home, write_atomic

TEAM = "you"
BENCHMARK = "sample submission benchmark"
# Kaggle ranks a team in private by the best of two submissions, those with the best public
# scores unless the team chose others; the best of all would be a choice made on hidden answers.
FINAL_SUBMISSIONS = 2


@dataclass(frozen=True)
class _Entries:
    competition: str
    submissions: tuple[Submission, ...] = ()


_ENTRIES = pydantic.TypeAdapter(_Entries)


class Board:
    """The leaderboard of one embedded competition."""

    hides_private = True

    def __init__(self, embedded: Shapes | Elpv):
        self._embedded = embedded
        self._slug = embedded.competition.slug
        self.path = home() / "leaderboards" / f"{self._slug}.json"

    def check_open(self, console: Console | None = None) -> None:
        """Refuse nothing: these competitions never end."""

    def submit(
        self,
        csv: Path,
        description: str,
        *,
        again: bool = False,
        console: Console | None = None,
        now: datetime | None = None,
    ) -> Submission:
        """Grade a file, whatever was handed in before, and enter it in the leaderboard.

        A refused file is recorded with its reason and, as on Kaggle, does not count against the
        daily limit. `now` is the time it counts for, with its zone.
        """
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        content, answers = grader.read(csv), self._embedded.answers()
        with exclusive(self.path.with_name(f".{self.path.name}.lock")):
            board = self._read()
            _check_limit(board, self._embedded.competition.daily_limit, moment)
            scores, error = _graded(content, answers)
            entry = Submission(
                ref=max((each.ref for each in board.submissions), default=0) + 1,
                date=moment.isoformat(timespec="seconds"),
                description=description,
                file_name=csv.name,
                sha256=hashlib.sha256(content).hexdigest(),
                status="complete" if scores else "error",
                public_score=scores.public if scores else None,
                private_score=scores.private if scores else None,
                error=error,
            )
            updated = _Entries(self._slug, (*board.submissions, entry))
            write_atomic(self.path, _ENTRIES.dump_json(updated, indent=2) + b"\n")
        if entry.status == "error":
            raise SubmissionError(f"{csv} was refused: {entry.error}")
        return entry

    def wait(self, sent: Submission, console: Console | None = None) -> Submission:
        """Return the submission itself: it was graded at once."""
        return sent

    def sent_before(self, sha256: str) -> Submission | None:
        """Return the newest submission of that content that was not refused."""
        good = (s for s in self.submissions() if s.sha256 == sha256 and s.status == "complete")
        return next(good, None)

    def submissions(self) -> list[Submission]:
        """Return every submission so far, the newest first."""
        return sorted(self._read().submissions, key=lambda each: each.ref, reverse=True)

    def standings(self, private: bool = False) -> list[Standing]:
        """Return a row for the team, if it has a score, and one for the sample submission.

        The best score comes first; lower is better. In private a team has the better score of its
        `FINAL_SUBMISSIONS` submissions with the best public scores.
        """
        answers = self._embedded.answers()
        uniform = np.full((len(answers.ids), len(answers.classes)), 1 / len(answers.classes))
        benchmark = grader.score(uniform, answers)
        rows = [(benchmark.private if private else benchmark.public, BENCHMARK, 1, "")]
        scored = [
            (each.public_score, each.private_score, each.date)
            for each in reversed(self.submissions())
            if each.public_score is not None and each.private_score is not None
        ]
        if scored:
            final = sorted(scored, key=lambda each: each[0])[:FINAL_SUBMISSIONS]
            score, date = min(
                ((hidden if private else shown, date) for shown, hidden, date in final),
                key=lambda each: each[0],
            )
            rows.append((score, TEAM, len(scored), date))
        return [
            Standing(rank, team, score, entries, date)
            for rank, (score, team, entries, date) in enumerate(
                sorted(rows, key=lambda row: row[0]), start=1
            )
        ]

    def _read(self) -> _Entries:
        should = f"{self.path} must hold the leaderboard of {self._slug}, but"
        away = "move it away to start a new leaderboard"
        try:
            board = _ENTRIES.validate_json(self.path.read_bytes(), strict=True)
            for each in board.submissions:
                datetime.fromisoformat(each.date)
        except FileNotFoundError:
            return _Entries(self._slug)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise RunError(
                f"{should} cannot be read ({reason}). The file was not changed: repair "
                f"it, or {away}."
            ) from error
        if board.competition != self._slug:
            raise RunError(
                f"{should} holds that of {board.competition}. The file was not changed: {away}."
            )
        return board


def _graded(content: bytes, answers: Answers) -> tuple[grader.Scores | None, str]:
    try:
        return grader.grade_bytes(content, answers), ""
    except SubmissionError as error:
        return None, str(error)


def _check_limit(board: _Entries, limit: int, moment: datetime) -> None:
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
