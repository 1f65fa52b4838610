"""What training does to pictures: crops, flips, RandAugment, mixup and cutmix. No Keras here.

Whatever is drawn for a picture depends on the seed, the pass and the picture's row alone: batch
size, the order of folds and the process change nothing. KerasCV's layers draw from generators with
a state, so that a picture's augmentation depends on all that was drawn before it; and they are
slower (see `benchmarks/augmentation.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.training.augmentation.draws import DRAWS, Draws
from kaggle_prz.training.augmentation.mixing import mix, require_shares
from kaggle_prz.training.augmentation.presizing import crops, decoded_sizes, stored_size
from kaggle_prz.training.augmentation.randaugment import OPERATIONS, randaugment

__all__ = [
    "DRAWS",
    "OPERATIONS",
    "Augmentation",
    "Draws",
    "crops",
    "decoded_sizes",
    "mix",
    "randaugment",
    "require_shares",
    "sentence",
    "stored_size",
]


@dataclass(frozen=True)
class Augmentation:
    """How training changes the pictures of a stage, besides the flips that its task allows.

    Where mixup and cutmix are both on, each picture takes one of them, as likely as not.
    """

    randaugment: float = 0.0  # magnitude, 0 to 10; 0 for none
    mixup: float = 0.0  # alpha of the beta distribution of shares; 0 for none
    cutmix: float = 0.0  # likewise

    @classmethod
    def of(cls, stage: Stage) -> "Augmentation":
        """Return what a stage asks for."""
        return cls(stage.randaugment, stage.mixup, stage.cutmix)

    @property
    def mixes(self) -> bool:
        """Whether pictures are mixed, so that targets must be shares."""
        return bool(self.mixup or self.cutmix)


def sentence(stage: Stage, recipe: Recipe, flips: Sequence[str]) -> str:
    """Return what augmentation a stage runs, and where, as a sentence."""
    stored = stored_size(stage.image_size, recipe.presize)
    named = [f"crops of {stage.image_size} from {stored} px"] if stored > stage.image_size else []
    if flips:
        named.append(f"{' and '.join(flips)} flips")
    for title, value in (
        ("RandAugment", stage.randaugment),
        ("mixup", stage.mixup),
        ("cutmix", stage.cutmix),
    ):
        if value:
            named.append(f"{title} {value:g}")
    if not named:
        return "augmentation: none"
    return f"augmentation: {', '.join(named)}; drawn for each image, on the CPU"
