"""What a kind is, and the plain competition that most kinds are a variant of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import graders, pictures
from ..drawn import Draw, Drawn
from ..kit import Folder, Sheet, deal, finish, share

FRUIT = ("apple", "banana", "cherry", "plum")


@dataclass(frozen=True)
class Kind:
    """A competition, what a person says of it, and what comes of it.

    Attributes:
        draw: writes the files.
        options: keyword arguments of `infer.read`.
        refusal: pattern of the message; empty where the files are read and graded.
        least: how far the score must lie from chance, 0, towards the answers, 1.
        note: pattern of a warning that must be among those of the task; empty: none must.
    """

    draw: Draw
    options: Mapping[str, Any] = field(default_factory=dict)
    refusal: str = ""
    least: float = 0.7
    note: str = ""


class Plain:
    """Pictures of `train/` and `test/` with the class of each by id; tables are up to the kind."""

    def __init__(
        self,
        root: Path,
        seed: int,
        classes: Sequence[str] = FRUIT,
        *,
        rows: tuple[int, int] = (32, 16),
        suffix: str = ".png",
        folders: tuple[str, str] = ("train/", "test/"),
        side: int = 20,
    ) -> None:
        self.folder = Folder(root, seed)
        self.classes = tuple(classes)
        self.train: dict[str, str] = {}
        self.test: dict[str, str] = {}
        self.files: dict[str, str] = {}
        random, kinds = self.folder.random, len(classes)
        for truth, count, place, start in (
            (self.train, rows[0], folders[0], "a"),
            (self.test, rows[1], folders[1], "b"),
        ):
            for number, kind in enumerate(deal(random, range(kinds), count)):
                name = f"{start}{number:03d}"
                truth[name] = self.classes[kind]
                self.files[name] = f"{place}{name}{suffix}"
                self.folder.image(self.files[name], pictures.thing(random, kind, kinds, side=side))

    def sheet(self, *targets: str, name: str = "sample_submission.csv", id_: str = "id") -> Sheet:
        """Return the form of a submission with these columns beside the ids."""
        return Sheet((id_, *targets), {each: self.files[each] for each in self.test}, name)

    def labelled(self, sheet: Sheet) -> Drawn:
        """Return the competition whose cells are names of classes, by accuracy."""
        return finish(
            self.folder,
            sheet,
            grade=graders.label(sheet.header, self.test, self.classes, "accuracy"),
            answers=sheet.filled(self.test),
            metric="Categorization Accuracy",
            maximize=True,
            chance=share(self.test, self.classes[0]),
            cell="label",
            classes=sorted(self.classes),
            train=len(self.train),
        )


def by_auc(
    folder: Folder,
    sheet: Sheet,
    truth: Mapping[str, int],
    *,
    train: int,
    cell: str = "probability",
    classes: Sequence[str] | None = None,
) -> Drawn:
    """Return the competition whose cells are probabilities, by the area under the ROC curve."""
    return finish(
        folder,
        sheet,
        grade=graders.probability(sheet.header, truth, "auc"),
        answers=sheet.filled(truth),
        metric="Area Under Receiver Operating Characteristic Curve",
        maximize=True,
        chance=0.5,
        cell=cell,
        classes=classes,
        train=train,
    )
