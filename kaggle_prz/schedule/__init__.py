"""Recipe and measured speed -> stages: size, epochs, batch size, learning rate, cost.

Pure functions, without Keras. Compute is counted in images × px², which is what a
convolutional network's time follows (EfficientNetV2, arXiv:2104.00298, section 4).
"""

from kaggle_prz.schedule.cost import (
    Cost,
    Measured,
    Slot,
    Speed,
    Speeds,
    Workload,
    cost_of,
    relative_compute,
)
from kaggle_prz.schedule.division import (
    SCHEDULES,
    divided,
    equal_compute,
    equal_epochs,
    late_jump,
    linear,
)
from kaggle_prz.schedule.ramps import RAMPS, mixes, ramped, ramps_to_show
from kaggle_prz.schedule.short import (
    FEWEST_STEPS_BETTER_THAN_A_HEAD,
    after_heads,
    heads_alone,
    in_time,
)
from kaggle_prz.schedule.stages import DEFAULT_EPOCHS, USUAL_BATCH, batch_size, stages_of
from kaggle_prz.schedule.time_limit import (
    FEWEST_EPOCHS_WORTH_A_STAGE,
    MOST_EPOCHS_UNDER_A_TIME_LIMIT,
    SAFETY,
    within,
)

__all__ = [
    "DEFAULT_EPOCHS",
    "FEWEST_EPOCHS_WORTH_A_STAGE",
    "FEWEST_STEPS_BETTER_THAN_A_HEAD",
    "MOST_EPOCHS_UNDER_A_TIME_LIMIT",
    "RAMPS",
    "SAFETY",
    "SCHEDULES",
    "USUAL_BATCH",
    "Cost",
    "Measured",
    "Slot",
    "Speed",
    "Speeds",
    "Workload",
    "after_heads",
    "batch_size",
    "cost_of",
    "divided",
    "equal_compute",
    "equal_epochs",
    "heads_alone",
    "in_time",
    "late_jump",
    "linear",
    "mixes",
    "ramped",
    "ramps_to_show",
    "relative_compute",
    "stages_of",
    "within",
]
