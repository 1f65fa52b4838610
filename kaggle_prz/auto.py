"""Unattended: fit one attempt after the other, submit what is better than before.

Every step is written to a journal before and after; the same command goes on where it stopped,
fits nothing twice, and sends nothing twice.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kaggle_prz import delivery, experiment, hosts, metrics, recipes, runs, settling, workdir
from kaggle_prz.console import Console, Silent
from kaggle_prz.errors import LimitReachedError, PrzError, RunError, UsageError
from kaggle_prz.journal import Journal
from kaggle_prz.receipts import Receipt
from kaggle_prz.runs import Run

ATTEMPTS = 3
_GROWTH = 1.25  # of image sizes, in multiples of 8 px


class Fit(Protocol):
    """What makes a run of an attempt: `experiment.fit`, or a kernel elsewhere."""

    def __call__(self, competition: str, **options: Any) -> Run:
        """The finished run."""
        ...


class Submit(Protocol):
    """What sends a run's submission: `experiment.deliver`, or a stand-in."""

    def __call__(self, run: Run, *, console: Console) -> Receipt:
        """The receipt."""
        ...


@dataclass(frozen=True)
class Attempt:
    """One run that is to be made.

    Attributes:
        number: 1 for the first.
        options: of `experiment.fit`.
        changes: what differs from the first attempt.
    """

    number: int
    options: Mapping[str, Any]
    changes: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What the journal knows it by: the same options are the same attempt."""
        text = json.dumps(dict(self.options), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def title(self) -> str:
        """How it differs, in words."""
        shown = (f"{key} {_written(value)}" for key, value in self.changes.items())
        return ", ".join(shown) or "the recipe as given"


def attempts(competition: str, count: int, options: Mapping[str, Any]) -> tuple[Attempt, ...]:
    """What to try: the recipe as given, then larger images, then other seeds.

    Args:
        competition: whose recipe it is.
        count: how many, at least 1.
        options: of `experiment.fit`.

    Raises:
        UsageError: options that cannot be meant.

    Example:
        >>> [attempt.title for attempt in attempts("shapes", 3, {"seed": 4})]
        ['the recipe as given', 'sizes 40,64,80', 'seed 5']
    """
    if count < 1:
        raise UsageError(f"--attempts must be at least 1; received {count}.")
    layout = experiment.LAYOUT_OPTIONS
    recipe, network = settling.settle(
        competition, None, {key: value for key, value in options.items() if key not in layout}
    )
    step = math.lcm(8, network.multiple)
    larger = tuple(math.ceil(size * _GROWTH / step) * step for size in recipe.sizes)
    if options.get("recipe") or options.get("settings"):  # an attempt is what they say, not where
        options = {**options, **recipes.flat(options), "recipe": None, "settings": None}
    changes: list[dict[str, Any]] = [{}, {"sizes": larger}]
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
    submitted before it. Where the day's submissions are used up it waits in the journal, and the
    same call on another day sends it.

    Args:
        competition: name of a competition, or the path of a directory with its files.
        count: attempts.
        output_dir: where runs and the journal are kept.
        dry_run: say what would be done, and do nothing.
        fit: makes a run; default: on this machine.
        submit: sends a run's submission; default: the file to the competition's host, and for a
            code competition a predicting kernel.
        console: where to report progress; default: nowhere.
        **options: of `experiment.fit`, for every attempt.

    Returns:
        The best run so far by its out-of-fold score; None from a dry run before any is made, and
        where the runs were removed since they were submitted.

    Raises:
        UsageError: options that cannot be meant.
        RunError: another process does the same, or no attempt came to a run.
    """
    console = console or Silent()
    host, slug = hosts.find(competition)
    planned = attempts(competition, count, options)
    directory = Path(output_dir) / slug / "auto"
    work = _Work(planned, host, Journal(directory / "journal.jsonl"), directory.parent, console)
    if not dry_run:
        with workdir.locked(directory):
            if work.trains() and host.name != "folder":
                delivery.check(competition, console)
            for attempt in planned:
                work.make(attempt, fit or experiment.fit, competition, output_dir)
                work.send(attempt, submit or experiment.deliver)
    work.show()
    best = work.best()
    if best is None and not dry_run and not work.is_done():
        raise RunError(
            f"None of {count} attempts came to a run; {work.journal.path} has the reason of each. "
            "The same command tries again."
        )
    return best


_STATES = {
    "begun": "begun: to be gone on with, then submitted if it is better",
    "failed": "failed: to be tried again",
    "fitted": "fitted: to be submitted if it is better",
    "postponed": "to be submitted on another day",
    "not submitted": "not submitted: to be tried again",
    "kept back": "kept back: a better one was submitted",
    "submitted": "submitted",
}


@dataclass(frozen=True)
class _Work:
    """The attempts and what the journal says of them."""

    planned: Sequence[Attempt]
    host: hosts.Host
    journal: Journal
    place: Path  # of the competition's runs
    console: Console

    def make(self, attempt: Attempt, fit: Fit, competition: str, output_dir: str | Path) -> None:
        """Fit an attempt that is not fitted; a failure is journaled and ends only this one.

        A run that was removed is made again, unless nothing is to be done with it any more.
        """
        if self._run(attempt) or self._is_sent(attempt):
            return
        self.journal.add("begun", attempt=attempt.key, changes=dict(attempt.changes))
        self.console.say(f"Attempt {attempt.number}: {attempt.title}.")
        try:
            run = fit(competition, console=self.console, output_dir=output_dir, **attempt.options)
        except UsageError:
            raise
        except PrzError as error:
            self.journal.add("failed", attempt=attempt.key, reason=str(error))
            self.console.say(f"Attempt {attempt.number} failed: {error}")
        else:
            self.journal.add("fitted", attempt=attempt.key, run=str(run.path), score=run.score)

    def send(self, attempt: Attempt, submit: Submit) -> None:
        """Submit an attempt that is better than all that were submitted."""
        path = self._run(attempt)
        if path is None or self._is_sent(attempt) or self.host.name == "folder":
            return
        run = runs.load_run(path)
        before = self._best_sent(metrics.of(run.task))
        if before is not None and not metrics.of(run.task).better(run.score, before):
            self.journal.add("kept back", attempt=attempt.key, better=before)
            return
        try:
            receipt = submit(run, console=self.console)
        except LimitReachedError as error:
            self.journal.add("postponed", attempt=attempt.key, reason=str(error))
            self.console.say(f"Attempt {attempt.number} is not submitted yet: {error}")
        except PrzError as error:
            self.journal.add("not submitted", attempt=attempt.key, reason=str(error))
            self.console.say(f"Attempt {attempt.number} was not submitted: {error}")
        else:
            public = receipt.public_score
            self.journal.add("submitted", attempt=attempt.key, public_score=public)

    def trains(self) -> bool:
        """Whether an attempt is left to be fitted."""
        return any(not (self._run(each) or self._is_sent(each)) for each in self.planned)

    def best(self) -> Run | None:
        """The run with the best out-of-fold score."""
        made = [runs.load_run(path) for each in self.planned if (path := self._run(each))]
        best = made[0] if made else None
        for run in made[1:]:
            if best is not None and metrics.of(run.task).better(run.score, best.score):
                best = run
        return best

    def is_done(self) -> bool:
        """Whether some attempt came to its end."""
        return any(self._is_sent(attempt) for attempt in self.planned)

    def show(self) -> None:
        """A row an attempt: what it is, how far, its scores."""
        columns = ("attempt", "what", "state", "out-of-fold", "public")
        rows = [self._row(attempt) for attempt in self.planned]
        self.console.table("attempts", columns, rows)

    def _row(self, attempt: Attempt) -> tuple[str, ...]:
        last, fitted = self.journal.last(attempt.key), self._fitted(attempt)
        sent = self.journal.last(attempt.key, "submitted") or {"public_score": None}
        return (
            str(attempt.number),
            attempt.title,
            _STATES[last["event"]] if last else "to be fitted, then submitted if it is better",
            f"{fitted['score']:.4f}" if fitted else "",
            "" if sent["public_score"] is None else f"{sent['public_score']:.4f}",
        )

    def _run(self, attempt: Attempt) -> Path | None:
        """Where the run of a fitted attempt is; None where it is not there (any more).

        The journal may have been written from another working directory.
        """
        fitted = self._fitted(attempt)
        written = [] if fitted is None else [Path(fitted["run"])]
        known = [place for path in written for place in (self.place / path.name, path)]
        return next((path for path in known if (path / "recipe.json").is_file()), None)

    def _is_sent(self, attempt: Attempt) -> bool:
        return self.journal.last(attempt.key, "submitted", "kept back") is not None

    def _fitted(self, attempt: Attempt) -> dict[str, Any] | None:
        return self.journal.last(attempt.key, "fitted")

    def _best_sent(self, metric: metrics.Metric) -> float | None:
        scores = [
            fitted["score"]
            for attempt in self.planned
            if self.journal.last(attempt.key, "submitted") and (fitted := self._fitted(attempt))
        ]
        return (max(scores) if metric.maximize else min(scores)) if scores else None


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
