"""Stages and the time left -> the stages that fit, with the epochs that they get."""

import math
from collections.abc import Sequence

from kaggle_prz.schedule.cost import Measured, Workload, cost_of
from kaggle_prz.schedule.division import equal_compute
from kaggle_prz.schedule.recipe import Stage

MOST_EPOCHS_UNDER_A_TIME_LIMIT = 30.0
FEWEST_EPOCHS_WORTH_A_STAGE = 0.1
SAFETY = 0.94


def within(
    seconds: float,
    stages: Sequence[Stage],
    workload: Workload,
    speed: Measured,
    *,
    capped: bool,
    shares: Sequence[float] | None = None,
) -> tuple[Stage, ...]:
    """Return the stages that fit into `seconds`, with epochs in the proportions of `shares`.

    The time of building and predicting is set aside first, and 6 % in case the machine slows
    down. If some stage would get less than a tenth of an epoch, the largest size is left out: one
    stage trained well beats two that are not. `shares` is equal compute by default. With
    `capped`, no stage gets more epochs than it came with; without, all get at most 30 together.
    """
    shares = shares or equal_compute([stage.image_size for stage in stages], 1.0)
    for count in range(len(stages), 0, -1):
        kept = stages[:count]
        idle = [cost_of(stage, workload, speed) for stage in kept]
        training = seconds * SAFETY - sum(cost.idle for cost in idle)
        one = [cost_of(_an_epoch(stage), workload, speed).train for stage in kept]
        wanted = [stage.epochs for stage in kept] if capped else _most(shares[:count])
        epochs = _affordable_epochs(training, wanted, one)
        if epochs and min(epochs) >= _fewest(kept, capped):
            return tuple(
                stage.model_copy(update={"epochs": _floor(count)})
                for stage, count in zip(kept, epochs, strict=True)
            )
    return ()


def _an_epoch(stage: Stage) -> Stage:
    return stage.model_copy(update={"epochs": 1.0})


def _most(shares: Sequence[float]) -> list[float]:
    return [MOST_EPOCHS_UNDER_A_TIME_LIMIT * share / sum(shares) for share in shares]


def _affordable_epochs(
    training: float, wanted: Sequence[float], one_epoch: Sequence[float]
) -> tuple[float, ...]:
    """`wanted` epochs, or as large a part of them as `training` seconds allow."""
    if training <= 0:
        return ()
    seconds = sum(epochs * cost for epochs, cost in zip(wanted, one_epoch, strict=True))
    return tuple(epochs * min(1.0, training / (seconds or 1.0)) for epochs in wanted)


def _fewest(stages: Sequence[Stage], capped: bool) -> float:
    asked = min(stage.epochs for stage in stages) if capped else math.inf
    return min(FEWEST_EPOCHS_WORTH_A_STAGE, asked)


def _floor(epochs: float) -> float:
    if epochs == 0:
        return 0.0
    return max(0.01, math.floor(epochs * 100 + 1e-6) / 100)  # 0.29 * 100 is 28.999…
