"""Time too short to train everything: which stages are trained, and which fit heads alone."""

import functools
from collections.abc import Sequence
from dataclasses import replace

from kaggle_prz.schedule.cost import Measured, Workload, cost_of
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.schedule.time_limit import SAFETY, within

FEWEST_STEPS_BETTER_THAN_A_HEAD = 50
FEWEST_STEPS_OF_ONE_SIZE = 150  # where heads could answer at several


def in_time(
    seconds: float,
    stages: Sequence[Stage],
    workload: Workload,
    speed: Measured,
    *,
    asked: Sequence[float] | None = None,
    shares: Sequence[float] | None = None,
    seen: bool = False,
) -> tuple[Stage, ...]:
    """Return what a run does with the time from a stage on: the stages that fit.

    Stages are trained where the first of a run gets steps enough to better what the head of a
    pretrained network does alone, and larger sizes are given up for that; for the first alone to
    be trained, it takes more of them. Else heads at all sizes that fit cost less and score better:
    such stages have no epochs, and only the last of them may be trained, from its head on, with
    the time that is left. The first of a run fits in any case. No stage gets more epochs than
    `asked`; `seen` says that features of the first stage's training images are made already.
    """
    first = stages[0]
    begins, heads = first.index == 1, first.epochs == 0 and workload.shares_features
    if heads and not begins and len(stages) > 1:
        return heads_alone(seconds, stages, workload, speed, seen=seen)
    spare, training = seconds, workload
    if heads and not begins:  # all folds start from features of one pass
        spare -= 0.0 if seen else _pass_over_training_images(first, workload, speed)
        training = after_heads(workload)
    wanted = [
        stage.model_copy(update={"epochs": epochs, "head_views": 1})
        for stage, epochs in zip(stages, asked or [1.0] * len(stages), strict=True)
    ]
    for count in range(len(stages), 0, -1):
        fitted = within(
            spare,
            wanted[:count],
            training,
            speed,
            capped=asked is not None,
            shares=shares[:count] if shares else None,
        )
        if not fitted:
            break
        as_asked = asked is not None and fitted[0].epochs >= asked[0]
        if as_asked or not workload.shares_features or not (begins or heads):
            return fitted
        steps = workload.trained_images(fitted[0].epochs) / workload.folds / fitted[0].batch_size
        if steps >= _fewest(fitted, stages, workload):
            return fitted
    return heads_alone(seconds, stages, workload, speed, seen=seen) if begins or heads else ()


def _fewest(fitted: Sequence[Stage], stages: Sequence[Stage], workload: Workload) -> int:
    """Return steps a fold that a stage has to get, to be trained where a head could answer."""
    sees_all_flips = workload.head_views > 2
    if fitted[0].index > 1:  # after heads
        return FEWEST_STEPS_BETTER_THAN_A_HEAD if sees_all_flips else 0
    if len(fitted) == 1 < len(stages):
        return FEWEST_STEPS_OF_ONE_SIZE
    return FEWEST_STEPS_BETTER_THAN_A_HEAD * (2 if sees_all_flips else 1)


def after_heads(workload: Workload) -> Workload:
    """Return the cost of a stage after linear probes; its folds share one pass of features."""
    return replace(workload, refits_head=False)


def heads_alone(
    seconds: float,
    stages: Sequence[Stage],
    workload: Workload,
    speed: Measured,
    *,
    seen: bool = False,
) -> tuple[Stage, ...]:
    """Return as many of `stages` as fit where networks are not trained, only their heads.

    A head that is fitted to an image's flips too, and answers from all of them, is worth more than
    one at a larger size; so every stage has as many views as fit before the next one is thought of.
    The first stage of a run fits in any case, alone where folds do not share features. `seen` says
    that features of the first stage's training images are made already, in one view.
    """
    chosen: list[Stage] = []
    if seen:
        seconds += _pass_over_training_images(stages[0], workload, speed) / SAFETY
    for stage in stages:
        fitting = [
            (head, cost)
            for head in map(functools.partial(_head, stage), _fewer(workload.head_views))
            if (cost := cost_of(head, workload, speed).total / SAFETY) <= seconds
            and workload.predicts_from_features(head)
        ]
        if not fitting:
            return tuple(chosen) if chosen or stage.index > 1 else (_head(stage, 1),)
        chosen.append(fitting[0][0])
        seconds -= fitting[0][1]
    return tuple(chosen)


def _pass_over_training_images(stage: Stage, workload: Workload, speed: Measured) -> float:
    return workload.train_rows / speed.of(stage).predict_images


def _head(stage: Stage, views: int) -> Stage:
    return stage.model_copy(update={"epochs": 0.0, "head_views": views})


def _fewer(views: int) -> list[int]:
    """So many, then half, down to one: flips come in pairs."""
    return [views >> halvings for halvings in range(views.bit_length())]
