"""Fold 0 of a competition, as every tool that is measured gets it.

    python benchmarks/split.py --competition elpv split.json

The file names the photographs that are trained on and held out, with their labels. Folds are drawn
as a run draws them: blocks stay together, and so do photographs that are nearly the same.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from kaggle_prz import images
from kaggle_prz.commands import inspect
from kaggle_prz.core.console import Silent
from kaggle_prz.core.task import Task
from kaggle_prz.images import duplicates
from kaggle_prz.tasks import folds, image_rows, near_duplicates

FOLDS, FOLD = 5, 0
_SEED = 0  # of the folds; the seeds of the runs are others
_SIZE = 96  # at which photographs are compared


@dataclass(frozen=True)
class Split:
    """A competition's labelled rows, and which of them are held out.

    Attributes:
        task: whose test rows nobody predicts here.
        folds: `(train,)` the fold that holds each row out.
    """

    task: Task
    folds: NDArray[np.int64]

    def listed(self, held_out: bool) -> list[tuple[str, int]]:
        """Path and label of every row on one side."""
        chosen = np.flatnonzero((self.folds == FOLD) == held_out).tolist()
        files, labels = self.task.train_files, self.task.labels
        return [(str(self.task.root.absolute() / files[row]), int(labels[row])) for row in chosen]

    def to_json(self) -> dict[str, Any]:
        """What the peers read."""
        return {
            "competition": self.task.slug,
            "fold": FOLD,
            "classes": list(self.task.classes),
            "flips": list(self.task.flips),
            "train": self.listed(False),
            "held_out": self.listed(True),
        }


def draw(competition: str, count: int | None = None) -> Split:
    """The split of a competition of classes, one image a row.

    Args:
        competition: its name.
        count: rows to keep, drawn by chance; default: all.
    """
    task = inspect.inspect(competition)
    with tempfile.TemporaryDirectory() as place:
        decoded = images.decode(
            task.root, task.train_files.tolist(), [_SIZE], Path(place), Silent()
        )
        kept = decoded.readable.copy()
        if count is not None:
            drawn = np.random.default_rng(_SEED).permutation(len(kept))[:count]
            kept &= np.isin(np.arange(len(kept)), drawn)
        first = duplicates.find(decoded.stores[_SIZE], np.flatnonzero(kept))
    seen = np.concatenate([kept, np.ones(len(task.test_ids), bool)])
    task = near_duplicates.held_together(image_rows.readable(task, seen), first, FOLDS)
    return Split(task, folds.draw(task, FOLDS, _SEED))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--competition", default="elpv", show_default=True)
@click.option("--rows", type=int, help="Rows to keep; default: all.")
def main(file: Path, competition: str, rows: int | None) -> None:
    """Write the split as JSON."""
    file.write_text(json.dumps(draw(competition, rows).to_json(), indent=1) + "\n")


if __name__ == "__main__":
    main()
