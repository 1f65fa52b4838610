"""Unattended: fit one attempt after the other, submit what is better than before.

What was done is read from the directories of the runs, which are called by their attempts: so the
same command goes on where it stopped, fits nothing twice, and sends nothing twice.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kaggle_prz import competitions, metrics, runs
from kaggle_prz.commands import fit as fitting
from kaggle_prz.commands import settle
from kaggle_prz.commands import submit as delivery
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import LimitReachedError, PrzError, RunError, UsageError
from kaggle_prz.runs.records import Receipt
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule import presets
from kaggle_prz.tasks.overrides import Overrides

ATTEMPTS = 3
_GROWTH = 1.25  # of image sizes, in multiples of 8 px


Fit = Callable[..., Run]  # `fit`, or a kernel elsewhere
Submit = Callable[..., Receipt]  # `submit.deliver`, or a stand-in


@dataclass(frozen=True)
class Attempt:
    """One run that is to be made."""

    number: int  # 1 for the first
    options: Mapping[str, object]  # of `fit`
    changes: Mapping[str, object]  # what differs from the first attempt

    @property
    def run(self) -> str:
        """Name of its run: the same options are the same attempt."""
        given = {key: value for key, value in self.options.items() if value is not None}
        text = json.dumps(given, sort_keys=True, default=str)
        return f"auto-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def title(self) -> str:
        """How it differs, in words."""
        shown = (f"{key} {_written(value)}" for key, value in self.changes.items())
        return ", ".join(shown) or "the recipe as given"


def attempts(
    source: competitions.Source, count: int, options: Mapping[str, object]
) -> tuple[Attempt, ...]:
    """Return what to try: the recipe as given, then larger images, then other seeds."""
    if count < 1:
        raise UsageError(f"--attempts must be at least 1; received {count}.")
    recipe, network = settle.settle(source, None, Overrides.split(options)[1])
    step = math.lcm(8, network.multiple)
    larger = tuple(math.ceil(size * _GROWTH / step) * step for size in recipe.sizes)
    if options.get("recipe") or options.get("settings"):  # an attempt is what they say, not where
        options = {
            **options,
            **presets.flat(options, source.about.recipe),
            "recipe": None,
            "settings": None,
        }
    changes: list[dict[str, object]] = [{}, {"sizes": larger}]
    changes += [{"seed": recipe.seed + step} for step in range(1, count)]
    return tuple(
        Attempt(number, {**options, **changed}, changed)
        for number, changed in enumerate(changes[:count], start=1)
    )


def auto(
    competition: str,
    *,
    count: int = ATTEMPTS,
    output_dir: str | Path = "runs",
    dry_run: bool = False,
    fit: Fit | None = None,
    submit: Submit | None = None,
    console: Console | None = None,
    **options: Any,
) -> Run | None:
    """Fit and submit until every attempt is made; the same call again goes on.

    An attempt is submitted when its out-of-fold score is better than that of everything that was
    submitted before it. Where the day's submissions are used up it waits, and the same call on
    another day sends it. A dry run says what would be done, and does nothing.
    """
    source = competitions.find(competition)
    planned = attempts(source, count, options)
    work = _Work(planned, source, Path(output_dir) / source.slug, console or Silent())
    if not dry_run:
        with filesystem.locked(work.place / "auto"):
            if source.has_leaderboard and any(work.run(attempt) is None for attempt in planned):
                delivery.check(source, work.console)
            for attempt in planned:
                work.make(attempt, fit or fitting.fit, competition, output_dir)
                work.send(attempt, submit or delivery.deliver)
    work.show()
    best = work.best()
    if best is None and not dry_run:
        reasons = "; ".join(sorted(set(work.failures.values())))
        raise RunError(
            f"None of the {count} attempts produced a run: {reasons}. Run the same "
            "command to try again."
        )
    return best


@dataclass(frozen=True)
class _Work:
    """The attempts, and what the directories of their runs say of them."""

    planned: Sequence[Attempt]
    source: competitions.Source
    place: Path  # of the competition's runs
    console: Console
    failures: dict[int, str] = field(default_factory=dict)  # of this call, by attempt
    unsent: dict[int, str] = field(default_factory=dict)

    def make(self, attempt: Attempt, fit: Fit, competition: str, output_dir: str | Path) -> None:
        """Fit an attempt that is not fitted; a failure ends only this one."""
        if self.run(attempt) is not None:
            return
        self.console.say(f"Attempt {attempt.number}: {attempt.title}.")
        where: dict[str, object] = {"output_dir": output_dir, "run": attempt.run}
        try:
            fit(competition, console=self.console, **where, **attempt.options)
        except UsageError:
            raise
        except PrzError as error:
            self.failures[attempt.number] = str(error).rstrip(".")
            self.console.say(f"Attempt {attempt.number} failed: {error}")

    def send(self, attempt: Attempt, submit: Submit) -> None:
        """Submit an attempt that is better than all that were submitted."""
        run = self.run(attempt)
        if (
            run is None
            or not self.source.has_leaderboard
            or _is_sent(run)
            or self._is_kept_back(run)
        ):
            return
        try:
            submit(run, console=self.console)
        except LimitReachedError as error:
            self.unsent[attempt.number] = "to be submitted another day"
            self.console.say(f"Attempt {attempt.number} is not submitted yet: {error}")
        except PrzError as error:
            self.unsent[attempt.number] = "not submitted: to be tried again"
            self.console.say(f"Attempt {attempt.number} was not submitted: {error}")

    def run(self, attempt: Attempt) -> Run | None:
        """Return the finished run of an attempt, or None."""
        path = self.place / attempt.run
        if not (path / "task.json").is_file():
            return None
        run = runs.load_run(path)
        return run if run.is_finished and run.submission.is_file() else None

    def best(self) -> Run | None:
        """Return the run with the best out-of-fold score."""
        best = None
        for run in filter(None, map(self.run, self.planned)):
            if best is None or metrics.of(run.task).better(run.score, best.score):
                best = run
        return best

    def show(self) -> None:
        """Show a row an attempt: what it is, how far, its scores."""
        rows = []
        for attempt in self.planned:
            run = self.run(attempt)
            public = run.receipt.public_score if run and run.receipt else None
            scores = (run.score if run else None, public)
            shown = ("" if score is None else f"{score:.4f}" for score in scores)
            rows.append((str(attempt.number), attempt.title, self._state(attempt, run), *shown))
        columns = ("attempt", "what", "state", "out-of-fold", "public")
        self.console.table("attempts", columns, rows)

    def _state(self, attempt: Attempt, run: Run | None) -> str:
        if run is None:
            if attempt.number in self.failures:
                return "failed: to be tried again"
            started = (self.place / attempt.run / "recipe.json").is_file()
            how = "started: to be continued" if started else "to be fitted"
            return f"{how}, then submitted if its score is better"
        if _is_sent(run):
            return "submitted"
        kept_back = "kept back: a better one was submitted"
        usual = (
            kept_back
            if self._is_kept_back(run)
            else "trained: to be submitted if its score is better"
        )
        return self.unsent.get(attempt.number, usual)

    def _is_kept_back(self, run: Run) -> bool:
        """Return whether an attempt that is not worse was submitted."""
        sent = [other for other in map(self.run, self.planned) if other and _is_sent(other)]
        return any(not metrics.of(run.task).better(run.score, other.score) for other in sent)


def _is_sent(run: Run) -> bool:
    """Return whether a run's submission was graded; a refused or pending one is sent again."""
    return run.receipt is not None and run.receipt.status == "complete"


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
