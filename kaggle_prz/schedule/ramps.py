"""What rises from stage to stage besides the image size, and when mixing images ends."""

from collections.abc import Sequence

from kaggle_prz.schedule.recipe import Stage

RAMPS = (
    "frozen",
    "dropout",
    "stochastic_depth",
    "randaugment",
    "mixup",
    "cutmix",
    "label_smoothing",
)
_UNMIXED = 0.2  # share of the last stage, at its end


def ramped(value: float | tuple[float, float], index: int, stages: int) -> float:
    """Return the value of stage `index`, from 0, on a line from the first stage's to the last's.

    One stage alone takes the last's (EfficientNetV2, arXiv:2104.00298, algorithm 1).
    """
    if not isinstance(value, tuple):
        return value
    first, last = value
    return round(first + (last - first) * (index / (stages - 1) if stages > 1 else 1.0), 6)


def mixes(stage_index: int, stages: int, progress: float) -> bool:
    """Return whether mixup and cutmix, where a stage (from 0) has any, still mix images.

    They end with the last fifth of the last stage, so that a run ends on images as they are.
    """
    return stage_index < stages - 1 or progress < 1 - _UNMIXED


def ramps_to_show(stages: Sequence[Stage]) -> dict[str, list[float]]:
    """Return the ramps that tell something of `stages`: title -> the value of every stage.

    Those that are not zero throughout; dropout, which every network has, only where it changes.
    """
    columns = {name: [float(getattr(stage, name)) for stage in stages] for name in RAMPS}
    return {
        name.replace("_", " "): values
        for name, values in columns.items()
        if any(values) and (name != "dropout" or len(set(values)) > 1)
    }
