"""The competition `shapes` as a code competition: few test images are shown, others hidden."""

import csv
import shutil
from pathlib import Path

from kaggle_prz.offline.shapes import Shapes

SLUG = "drawn-shapes"
SHOWN = Shapes(seed=3, train=48, test=12)
QUICK = {"backbone": "tiny", "sizes": (16,), "folds": 2, "epochs": 2, "batch_size": 8}


def hidden_test(shown: Path, to: Path, count: int) -> Shapes:
    """Write the competition with other test images, of ids that nobody knows before."""
    hidden = Shapes(seed=4, train=SHOWN.train, test=count)
    hidden.materialise(to)
    for name in ("train", "train.csv"):
        if (shown / name).is_dir():
            shutil.rmtree(to / name)
            shutil.copytree(shown / name, to / name)
        else:
            shutil.copy(shown / name, to / name)
    return hidden


def write_answers(drawn: Shapes, path: Path) -> Path:
    """The truth in the form of a perfect submission."""
    answers = drawn.answers()
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(["id", *answers.classes])
        for name, label in zip(answers.ids.tolist(), answers.labels.tolist(), strict=True):
            sheet.writerow([name, *(int(label == k) for k in range(len(answers.classes)))])
    return path
