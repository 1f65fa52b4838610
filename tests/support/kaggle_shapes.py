"""The competition `shapes` as a code competition: few test images are shown, others hidden."""

import csv
import shutil
from pathlib import Path

import pytest
from support import kaggle_image
from support.kaggle_server.fixtures import Loopback

from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.competitions.kaggle import retry

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


def code_competition(server: Loopback, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the competition on a server whose kernels have an image without us; waits are short.

    Its metric is not the one that its cells suggest.
    """
    files = place / "files" / SLUG
    SHOWN.materialise(files)
    hidden = hidden_test(files, place / "hidden", 30)
    server.competition(
        SLUG,
        files,
        hidden=place / "hidden",
        answers=write_answers(hidden, place / "answers.csv"),
        metric="log_loss",
        maximize=False,
        evaluationMetric="Categorization Accuracy",
        isKernelsSubmissionsOnly=True,
    )
    server.settings(
        scoring_seconds=0.0,
        queue_seconds=0.0,
        root_variable="KAGGLE_PRZ_ROOT",
        python=str(kaggle_image.make_image(place / "image")),
    )
    pause = retry.pause
    monkeypatch.setattr(retry, "pause", lambda seconds: pause(min(seconds, 0.5)))
