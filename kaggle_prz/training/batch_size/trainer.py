"""A stage's trainer at the batch size that memory allows; smaller where it runs out on the way."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import keras
import pandas as pd

from kaggle_prz.core.console import Advance, Console
from kaggle_prz.schedule import stages
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.training import batch_size
from kaggle_prz.training.batch_size import Batch
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer

Make = Callable[[Stage, Recipe], StageTrainer]
_Result = TypeVar("_Result")


class Trainer:
    """Trains the folds of one stage; on running out of memory, again with half the batch."""

    def __init__(
        self,
        make: Make,
        stage: Stage,
        recipe: Recipe,
        *,
        batch: Batch | None = None,
        console: Console,
    ):
        self._make, self._recipe, self._console = make, recipe, console
        self._traces_before = 0
        self._notes: tuple[str, ...] = ()
        self.prediction_batch = stage.batch_size
        self._compile(stage, batch or Batch(stage.batch_size, recipe.accumulate))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided, as sentences."""
        return (*self._notes, *self._trainer.notes)

    @property
    def traces(self) -> int:
        """How often a training step was traced so far."""
        return self._traces_before + self._trainer.traces

    def steps(self, rows: int, epochs: float) -> int:
        """Return training steps for that many passes over that many rows, at least one."""
        return self._trainer.steps(rows, epochs)

    def settle(self, work: FoldWork, before: Stage | None) -> None:
        """Settle a batch size of `"auto"` by steps on rows of `work`, or from the stage before."""
        usual = stages.batch_size(self._recipe, self.stage.image_size)
        if not on_accelerator():
            self._notes = (f"batch size: {usual} at {self.stage.image_size} px, on a CPU",)
            return

        def at(size: int) -> Stage:
            return batch_size.probed(self.stage, self._recipe, size, usual)

        if before is not None:
            ratio = (before.image_size / self.stage.image_size) ** 2
            fewest = max(batch_size.FEWEST, min(before.batch_size, stages.USUAL_BATCH))
            size = max(fewest, int(before.batch_size * ratio // 8) * 8)
        else:
            size = batch_size.largest(len(work.rows), lambda size: self._fits(work, at(size)))
        self.prediction_batch = size
        self._notes = (batch_size.reason(size, self.stage.image_size, usual),)
        if at(size) != self.stage:
            self._recompile(at(size), Batch(size, self._recipe.accumulate))

    def measure(self, work: FoldWork) -> float:
        """Return images a second in training, see `StageTrainer.measure`."""
        return batch_size.within_memory(lambda: self._trainer.measure(work), self._halve)

    def train(
        self,
        work: FoldWork,
        advance: Advance | None,
        begin: Callable[[], object],
        *,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> pd.DataFrame:
        """Train one fold; where memory runs out, `begin` sets its first weights for another try."""

        def again() -> None:
            self._halve()
            begin()

        return batch_size.within_memory(
            lambda: self._trainer.train(work, advance, callbacks=callbacks), again
        )

    def averaged(self, fold: int) -> AbstractContextManager[None]:
        """Give the model the weights that predict; see `StageTrainer.averaged`."""
        return self._trainer.averaged(fold)

    def predict(self, attempt: Callable[[int], _Result]) -> _Result:
        """`attempt` with as many images a batch as memory allows, from its beginning each time."""
        return batch_size.within_memory(
            lambda: attempt(self.prediction_batch), self._halve_prediction
        )

    def _fits(self, work: FoldWork, stage: Stage) -> bool:
        self._recompile(stage, Batch(stage.batch_size, self._recipe.accumulate))
        failures: list[Stage] = []
        # The second attempt only says that the first one failed, once its tensors are let go of.
        speed = batch_size.within_memory(
            lambda: 0.0 if failures else self._trainer.measure(work), lambda: failures.append(stage)
        )
        return speed > 0

    def _halve(self) -> None:
        smaller = self.batch.halved()
        self._say(
            f"out of memory in a training step with {self.batch.size} images in "
            f"{self.stage.name}; continuing with {smaller.size}, and gradients are averaged over "
            f"{smaller.accumulate} steps"
        )
        self._recompile(self.stage, smaller)

    def _halve_prediction(self) -> None:
        smaller = Batch(self.prediction_batch).halved()
        self._say(
            f"out of memory while predicting {self.prediction_batch} images at once in "
            f"{self.stage.name}; continuing with {smaller.size}"
        )
        self.prediction_batch = smaller.size

    def _say(self, note: str) -> None:
        self._notes = (*self._notes, note)
        self._console.say(f"Note: {note}.")

    def _recompile(self, stage: Stage, batch: Batch) -> None:
        self._traces_before += self._trainer.traces
        self._compile(stage, batch)

    def _compile(self, stage: Stage, batch: Batch) -> None:
        self.batch = batch
        self.stage = stage.model_copy(update={"batch_size": batch.size})
        recipe = self._recipe.model_copy(update={"accumulate": batch.accumulate})
        self._trainer = self._make(self.stage, recipe)


def on_accelerator() -> bool:
    """Return whether training goes on something else than processors."""
    if keras.backend.backend() == "jax":
        import jax

        return bool(jax.devices()[0].platform != "cpu")
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())
    return False  # not looked for on other backends
