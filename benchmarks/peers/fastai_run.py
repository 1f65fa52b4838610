"""One run of `staged.py` with fastai: its vision learner, at one size or resized by hand.

    .venv-peers/bin/python benchmarks/peers/fastai_run.py split.json --mode single --sizes 192 \\
        --epochs 5 --json run.json

`single` is `fine_tune(epochs)`: an epoch with the body frozen, then the epochs. `resized` is
`fine_tune` at the first size, one epoch of it frozen, then new data loaders and `fit_one_cycle` a
size: as many epochs a size as kaggle-prz's stages, so the same images × px². Its learning rates
are those of `fine_tune`'s second part. All else is fastai's default, but the augmentation, which is
flips alone, as many as the competition allows, since kaggle-prz's run has no other.

`vision_learner` divides a timm network into body and head, and `fine_tune` gives the body a
hundredth of the head's rate: 1e-5 by default, at which it hardly moves. `--base-lr` shows what
other rates would do.

The body has the weights that kaggle-prz starts from, and is scaled for them.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click
import lite0
import torch
from fastai.vision.all import (
    Callback,
    CancelValidException,
    CategoryBlock,
    ColReader,
    DataBlock,
    DataLoaders,
    Dihedral,
    ImageBlock,
    IndexSplitter,
    Learner,
    Normalize,
    Resize,
    ResizeMethod,
    set_seed,
    vision_learner,
)

sys.path.append(str(Path(__file__).parents[1]))
import curves

_BASE_LR = 2e-3  # fine_tune's default, halved after the frozen epoch
_BATCH = 32


class Watch(Callback):
    """Evaluates the held-out rows at equal distances, with the clock stopped.

    fastai's own validation after every epoch is left out: it would be a second one.
    """

    order = 60  # after the optimizer's step

    def __init__(self, clock: curves.Clock, points: int):
        self.clock, self.points, self.curve = clock, points, []
        self.image_size, self.step, self.wanted = 0, 0, set()

    def plan(self, image_size: int, steps: int) -> None:
        """What comes next: a size, and how many steps it is trained for."""
        self.image_size, self.step, self.wanted = image_size, 0, curves.spread(steps, self.points)

    def after_batch(self) -> None:
        if not self.training:
            return
        self.step += 1
        if self.step in self.wanted:
            with self.clock.stopped():
                self.curve.append(self._point())

    def before_validate(self) -> None:
        raise CancelValidException

    def _point(self) -> dict[str, float]:
        network, given, labels = self.learn.model, [], []
        network.eval()
        with torch.no_grad():
            for images, truth in self.learn.dls.valid:
                given.append(network(images).softmax(dim=1))
                labels.append(truth)
        network.train()
        return curves.point(
            self.clock, self.image_size, torch.cat(given).numpy(), torch.cat(labels).numpy()
        )


def loaders(split: dict[str, Any], image_size: int, workers: int) -> DataLoaders:
    """Photographs of the split, decoded and resized anew whenever they are needed."""
    rows = [*split["train"], *split["held_out"]]
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=list(range(len(split["classes"]))))),
        get_x=ColReader(0),
        get_y=ColReader(1),
        splitter=IndexSplitter(range(len(split["train"]), len(rows))),
        item_tfms=Resize(image_size, method=ResizeMethod.Squish),
        batch_tfms=[Dihedral(p=1.0, draw=_flips(split["flips"])), _scaled()],
    )
    return block.dataloaders(rows, bs=_BATCH, num_workers=workers)


def _scaled() -> Normalize:
    return Normalize.from_stats(lite0.MEAN, lite0.DEVIATION)


def _flips(allowed: list[str]) -> Any:
    """Draws of fastai's eight dihedral changes that are flips: bit 1 across, bit 2 down."""
    across, down = "horizontal" in allowed, "vertical" in allowed
    kinds = torch.tensor([x + 2 * y for x in range(1 + across) for y in range(1 + down)])
    return lambda batch: kinds[torch.randint(len(kinds), (len(batch),))]


def learner(data: DataLoaders, watch: Watch) -> Learner:
    """What `vision_learner` makes, with our weights in its body."""
    made = vision_learner(data, lite0.ARCHITECTURE, pretrained=False, normalize=False, cbs=watch)
    lite0.load(made.model[0].model)
    made.freeze()
    return made


def train(
    split: dict[str, Any],
    *,
    sizes: list[int],
    epochs: list[int],
    points: int,
    workers: int,
    seed: int,
    base_lr: float = _BASE_LR,
) -> list[dict[str, float]]:
    """Train at every size in turn; returns the curve."""
    set_seed(seed, reproducible=True)
    watch = Watch(curves.Clock(), points)
    data = loaders(split, sizes[0], workers)
    learn = learner(data, watch)
    frozen = 1
    resized = len(sizes) > 1
    begin = epochs[0] - frozen if resized else epochs[0]
    watch.plan(sizes[0], len(data.train) * (begin + frozen))
    with learn.no_bar(), learn.no_logging():
        learn.fine_tune(begin, base_lr, freeze_epochs=frozen)
        for size, count in zip(sizes[1:], epochs[1:], strict=True):
            learn.dls = loaders(split, size, workers)
            watch.plan(size, len(learn.dls.train) * count)
            learn.fit_one_cycle(count, slice(base_lr / 2 / 100, base_lr / 2))
    return watch.curve


@click.command()
@click.argument("split", type=click.Path(path_type=Path))
@click.option("--mode", type=click.Choice(["single", "resized"]), default="single")
@click.option("--sizes", default="192", show_default=True)
@click.option("--epochs", default="5", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--points", default=5, show_default=True, help="Evaluations a size.")
@click.option("--base-lr", default=_BASE_LR, show_default=True, help="Of fine_tune.")
@click.option("--workers", default=0, show_default=True, help="Processes that decode.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), required=True)
def main(
    split: Path,
    *,
    mode: str,
    sizes: str,
    epochs: str,
    seed: int,
    points: int,
    base_lr: float,
    workers: int,
    json_file: Path,
) -> None:
    """Write the run as JSON."""
    each = {
        "sizes": [int(size) for size in sizes.split(",")],
        "epochs": [int(count) for count in epochs.split(",")],
    }
    rows = json.loads(split.read_text("utf-8"))
    curve = train(rows, **each, points=points, workers=workers, seed=seed, base_lr=base_lr)
    named = mode if base_lr == _BASE_LR else f"{mode}, base_lr {base_lr:g}"
    found = {"tool": "fastai", "mode": named, "seed": seed, **each, "curve": curve}
    found |= {"workers": workers, "versions": lite0.versions()}
    json_file.write_text(json.dumps(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
