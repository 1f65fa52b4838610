"""The most accurate candidate that fits.

Of the candidates, those count whose weights can be had, whose training fits into memory, and whose
predicted time for the whole recipe fits. Times are predicted from speeds that are passed in.
"""

from collections.abc import Mapping, Sequence

from kaggle_prz.core.console import duration
from kaggle_prz.schedule.choice import (
    Candidate,
    Choice,
    Considered,
    Device,
    Weights,
    candidates,
)
from kaggle_prz.schedule.cost import Measured, Workload, cost_of
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.schedule.stages import stages_of

SHARE_OF_THE_LIMIT = 0.7
SECONDS_WITHOUT_A_LIMIT = 3600.0
FEWEST_IMAGES = 8  # a step; a network that cannot train on as many is too large


def seconds_for(recipe: Recipe) -> float:
    """Return how long a recipe may be predicted to take: 70 % of its time limit, else an hour."""
    limit = recipe.time_limit
    return SECONDS_WITHOUT_A_LIMIT if limit is None else SHARE_OF_THE_LIMIT * limit


def choose(
    recipe: Recipe,
    workload: Workload,
    device: Device,
    *,
    weights: Mapping[str, Weights],
    speeds: Mapping[str, Measured],
    source: str,
) -> Choice | None:
    """Return the most accurate candidate that fits, or the fastest where none fits in time.

    None where no candidate has weights. `speeds` has every candidate, `source` says where they
    come from.
    """
    allowed = seconds_for(recipe)
    rows = [
        _row(one, recipe, workload, device, weights=weights, speed=speeds[one.name])
        for one in candidates()
    ]
    held = [row for row in rows if weights[row.name].can_be_had]
    fitting = [row for row in held if row.batch is None or row.batch >= FEWEST_IMAGES]
    in_time = [row for row in fitting if row.seconds <= allowed]
    if not held:
        return None
    had = "" if recipe.weights == "none" else "have weights and "
    if in_time:
        best = min(in_time, key=lambda row: (-row.top_1, row.seconds))
        why = (
            f"it has the highest published accuracy ({best.top_1:g} %) of the candidates that "
            f"{had}are predicted to take {_at_most(recipe)}"
        )
    else:
        best = min(fitting or held, key=lambda row: (row.seconds, -row.top_1))
        what = f"is predicted to take {_at_most(recipe)}" if fitting else "fits into memory"
        why = f"no candidate that has weights {what}; it takes least time"
    return Choice(
        name=best.name,
        why=f"backbone: {best.name}, chosen because {why}",
        device=device.name,
        speeds=source,
        image_size=max(recipe.sizes),
        candidates=tuple(
            row.model_copy(update={"verdict": _verdict(row, best, held, fitting, allowed)})
            for row in rows
        ),
    )


def _row(
    candidate: Candidate,
    recipe: Recipe,
    workload: Workload,
    device: Device,
    *,
    weights: Mapping[str, Weights],
    speed: Measured,
) -> Considered:
    stages, size = stages_of(recipe), max(recipe.sizes)
    batch = None
    if device.memory is not None:
        batch = candidate.batch(size, device.memory, device.bytes_a_value)
    epoch = stages[-1].model_copy(update={"epochs": 1.0})
    return Considered(
        name=candidate.name,
        top_1=candidate.top_1,
        weights=weights[candidate.name].words,
        batch=batch,
        epoch_seconds=round(cost_of(epoch, workload, speed).train, 1),
        seconds=round(_total(stages, workload, speed), 1),
        verdict="",
    )


def _total(stages: Sequence[Stage], workload: Workload, speed: Measured) -> float:
    return sum(cost_of(stage, workload, speed).total for stage in stages)


def _verdict(
    row: Considered,
    best: Considered,
    held: Sequence[Considered],
    fitting: Sequence[Considered],
    allowed: float,
) -> str:
    if row is best:
        return "chosen"
    if row not in held:
        return "no weights"
    if row not in fitting:
        return f"memory for fewer than {FEWEST_IMAGES} images"
    if row.seconds > allowed:
        return "too slow"
    return "less accurate" if row.top_1 < best.top_1 else "slower"


def _at_most(recipe: Recipe) -> str:
    most = f"at most {duration(seconds_for(recipe))}"
    if recipe.time_limit is None:
        return f"{most}, as long as no time limit is given"
    return f"{most}, {100 * SHARE_OF_THE_LIMIT:.0f} % of the time limit"
