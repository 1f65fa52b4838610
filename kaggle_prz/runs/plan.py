"""The plan of a run while it goes: what comes next, how long it may take, and plan.json."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace

from kaggle_prz.core.clock import FOR_ENSEMBLE_AND_REPORT, Budget
from kaggle_prz.core.console import Console, duration
from kaggle_prz.core.errors import PausedError
from kaggle_prz.core.task import Task
from kaggle_prz.runs import records, speeds
from kaggle_prz.runs.records import PlanRecord
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule import describe
from kaggle_prz.schedule.cost import Cost, Slot, Speed, Speeds, Workload, cost_of
from kaggle_prz.schedule.division import divided
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.schedule.short import after_heads, heads_alone, in_time
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.schedule.time_limit import MOST_EPOCHS_UNDER_A_TIME_LIMIT

_SLOWER_FOLD = 1.3  # than the slowest so far, at most; a later stage's cost about the same
_SLOWER_CLOSE = 2.0  # than the slowest so far, since there is more to read after every stage


def workload_of(recipe: Recipe, task: Task, *, pretrained: bool = True) -> Workload:
    """Return how many images a stage touches; linear probes are those of pretrained networks."""
    refits = pretrained and recipe.head_first and recipe.refit_head
    ends_untrained = isinstance(recipe.epochs, tuple) and recipe.epochs[-1] == 0
    shares = refits and recipe.batch_norm != "recalibrate" and not ends_untrained
    return Workload(
        recipe.folds,
        len(task.images.train_files),
        len(task.images.test_files),
        2 if recipe.tta and task.flips else 1,
        refits_head=refits,
        shares_features=shares,
        head_views=2 ** len(task.flips) if recipe.tta else 1,
    )


class Plan:
    """The stages of a run; a stage's epochs are settled when it begins and never change again.

    A `plan.json` in the run's directory is gone on with. `structure` is that of a network that
    was handed over, see `speeds.known`; `side_by_side` is how many folds are trained at a time.
    """

    def __init__(
        self,
        run: Run,
        budget: Budget,
        console: Console,
        *,
        pretrained: bool = True,
        structure: str = "",
        side_by_side: int = 1,
    ):
        self._run, self._budget, self._console = run, budget, console
        self._file = run.path / "plan.json"
        workload = workload_of(run.recipe, run.task, pretrained=pretrained)
        self._workload = replace(workload, side_by_side=side_by_side)
        self._structure = structure
        self._speeds = speeds.known(run.recipe, structure, side_by_side)
        self._forecast: dict[int, float] = {}
        self._position, self._longest_fold = 0, 0.0
        self.closing = 0.0  # seconds that ensemble and report took, at most
        if self._file.is_file():
            stored = run.plan
            self._stages, self._settled = list(stored.stages), stored.settled
            forecast = stored.predicted_seconds or ()
            self._forecast = dict(enumerate(forecast[: self._settled], start=1))
        else:
            self._stages, self._settled = list(stages_of(run.recipe)), 0
            self._write(complete=False)
        self._show()

    def next(self) -> Stage | None:
        """Return the next stage in order, or None after the last."""
        if self._position == len(self._stages):
            return None
        self._position += 1
        return self._stages[self._position - 1]

    @property
    def goes_on(self) -> bool:
        """Whether a stage is left."""
        return self._position < len(self._stages)

    def needs_speed(self, stage: Stage) -> bool:
        """Return whether to measure a stage's speed: under a limit, and at the first stage."""
        if self._workload.predicts_from_features(stage):
            return any(each.epochs for each in self._in_time(stage, trains=True, started=False))
        return self._budget.limit is not None or (stage.index == 1 and self._settled == 0)

    def settle(self, stage: Stage, speed: Speed | None) -> Stage | None:
        """Settle the epochs of a stage that is about to begin, and plan those after it.

        Return the stage with its epochs, or None where the time left is too short for it.
        """
        if speed is not None:
            self._speeds = (self._speeds or Speeds({})).adding(stage, speed)
        if stage.index > self._settled:
            if self._budget.limit is not None and self._speeds is not None:
                self._fit_to_time(stage, measured=speed is not None)
            self._settled = stage.index
            if self._speeds is not None and stage.index <= len(self._stages):
                settled = self._stages[stage.index - 1]
                self._forecast[stage.index] = round(self._cost(settled).total, 1)
            self._write(complete=False)
            if speed is not None:
                self._show()
        here = stage.index - 1
        return self._stages[here] if here < len(self._stages) else None

    def use(self, stage: Stage) -> None:
        """Write down the batch size that a settled stage is trained with, where it is another."""
        here = self._stages[stage.index - 1]
        used = {"batch_size": stage.batch_size, "learning_rate": stage.learning_rate}
        if here != (changed := here.model_copy(update=used)):
            self._stages[stage.index - 1] = changed
            self._write(complete=False)

    def slot(self, stage: Stage, fold: int) -> Slot:
        """Return how long a fold may train: the stage's epochs, or its share of the time left.

        Under a time limit the clock alone decides, so that a wrong measured speed neither wastes
        time nor overruns the limit; the stage's epochs are then a prediction. A fold that starts
        after its deadline is not trained: it predicts with its first weights.
        """
        deadline = self._deadline(stage, fold)
        if deadline is None or stage.epochs == 0:
            return Slot(stage.epochs, deadline)
        return Slot(self._most_epochs(stage), deadline)

    def _most_epochs(self, stage: Stage) -> float:
        recipe, here = self._run.recipe, stage.index - 1
        if recipe.epochs is not None:
            return stages_of(recipe)[here].epochs
        return divided(recipe, MOST_EPOCHS_UNDER_A_TIME_LIMIT)[here]

    def _deadline(self, stage: Stage, fold: int) -> float | None:
        if self._budget.limit is None or self._speeds is None:
            return None
        now, folds = time.monotonic(), self._run.recipe.folds
        later = sum(self._cost(after).total for after in self._stages[stage.index :])
        left = self._left() - later
        turns, all_turns = self._workload.turns(folds - fold), self._workload.turns(folds)
        return now + left / turns - self._cost(stage).predict / all_turns

    def has_time_for(self, stage: Stage, fold: int) -> bool:
        """Return whether a fold can still be trained a little and predicted."""
        deadline = self._deadline(stage, fold)
        if stage.index == 1 or deadline is None or self._workload.predicts_from_features(stage):
            return True
        cost = self._cost(stage)
        worth = (cost.train / 4 + cost.features) / self._workload.turns(self._run.recipe.folds)
        if deadline - time.monotonic() >= worth:
            return True
        self._console.say(
            f"The time limit ends {stage.name} before fold {fold + 1}; the other folds keep "
            "their predictions of the previous stage."
        )
        return False

    def fold_took(self, seconds: float) -> None:
        """Learn how long a fold takes: it says when a session must pause."""
        self._longest_fold = max(self._longest_fold, seconds)

    def pause_unless_session_lasts(self, stage: Stage) -> None:
        """Raise PausedError where another fold of a stage may not fit into the session.

        A session's first fold is always tried, so that every session comes further.
        """
        if not self._longest_fold or self._budget.lasts(self._longest_fold * _SLOWER_FOLD):
            return
        folds = self._run.recipe.folds
        sealed = sum(len(self._run.sealed(one)) for one in self._stages)
        raise PausedError(
            f"The session ends before the next fold of {stage.name}: {sealed} of "
            f"{len(self._stages) * folds} folds are finished. Run the same command again to "
            "continue."
        )

    def learn(self, predict_speed: float | None, train_speed: float | None = None) -> None:
        """Replace the speed of the stage in hand by that of the whole stage, for later runs too.

        Without a speed of prediction nothing changes; without one of training, that is kept.
        """
        if self._speeds is None or predict_speed is None:
            return
        stage = self._stages[self._position - 1]
        here = self._speeds.of(stage)
        speed = replace(
            here, predict_images=predict_speed, train_images=train_speed or here.train_images
        )
        measured = train_speed is not None or self._speeds.knows(stage)
        self._speeds = self._speeds.adding(stage, speed)
        if measured:
            speeds.keep(
                self._run.recipe, stage, speed, self._structure, self._workload.side_by_side
            )

    @contextlib.contextmanager
    def closing_timed(self) -> Iterator[None]:
        """Time blend and report, and reserve that time from then on."""
        started = time.monotonic()
        yield
        self.closing = max(self.closing, time.monotonic() - started)

    def _left(self) -> float:
        """Return seconds left for training and prediction."""
        more = _SLOWER_CLOSE * self.closing - FOR_ENSEMBLE_AND_REPORT
        return self._budget.left() - max(0.0, more)

    def close(self) -> None:
        """Mark the plan as carried out."""
        self._write(complete=True)

    def _fit_to_time(self, stage: Stage, *, measured: bool) -> None:
        """Settle what comes from a stage on, whose model is built, and measured where it trains."""
        heads = self._workload.predicts_from_features(stage)
        done, ahead = self._stages[: stage.index - 1], self._stages[stage.index - 1 :]
        fitted = self._in_time(stage, trains=measured or not heads, started=True)
        given_up = ahead[len(fitted) :]
        if given_up:
            named = " and ".join(f"{one.image_size} px" for one in given_up)
            self._console.say(
                f"The time limit leaves {duration(max(0.0, self._left()))}, too little for "
                f"{named}; left out."
            )
        if stage.index == 1 and fitted[0].epochs == 0:
            self._console.say(describe.untrained(fitted))
        self._stages = [*done, *fitted]

    def _in_time(self, stage: Stage, *, trains: bool, started: bool) -> tuple[Stage, ...]:
        """Return a stage that is not trained yet and those after it, as the time left allows.

        `trains` says whether it may be trained; `started` that its model is built and sees features
        where folds share them.
        """
        begin, speed = stage.index - 1, self._speeds
        if speed is None:
            return ()
        recipe, ahead = self._run.recipe, self._stages[begin:]
        passed = self._cost(stage).start if started else 0.0
        seconds = self._left() + passed
        if not trains:
            return heads_alone(seconds, ahead, self._workload, speed, seen=started)
        asked = [each.epochs for each in stages_of(recipe)[begin:][: len(ahead)]]
        return in_time(
            seconds,
            ahead,
            self._workload,
            speed,
            asked=None if recipe.epochs is None else asked,
            shares=divided(recipe, 1.0)[begin:][: len(ahead)],
            seen=started,
        )

    def _cost(self, stage: Stage) -> Cost:
        """Return the seconds of a stage, whose folds are trained side by side."""
        if self._speeds is None:
            return Cost(0.0, 0.0, 0.0)
        follows_heads = stage.index > 1 and self._stages[stage.index - 2].epochs == 0
        workload = after_heads(self._workload) if follows_heads else self._workload
        return cost_of(stage, workload, self._speeds)

    def _show(self) -> None:
        if self._stages[self._settled :] or self._settled == 0:
            describe.show_stages(self._stages, self._workload, self._speeds, self._console)

    def _write(self, *, complete: bool) -> None:
        # The forecast of a stage that has started stays what it was.
        predicted = tuple(
            self._forecast.get(stage.index, round(self._cost(stage).total, 1))
            for stage in self._stages
        )
        record = PlanRecord(
            folds=self._run.recipe.folds,
            time_limit=self._run.recipe.time_limit,
            settled=self._settled,
            complete=complete,
            stages=tuple(self._stages),
            predicted_seconds=None if self._speeds is None else predicted,
        )
        records.write(self._file, record)
