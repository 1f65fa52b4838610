"""Labels of folders: a row is a study, whose images lie in a folder of its own."""

from pathlib import Path

from .. import graders, pictures
from ..drawn import Drawn
from ..kit import Folder, Sheet, deal, finish, share
from .kind import Kind

PARTS = ("XR_ELBOW", "XR_WRIST")


def _studies(
    root: Path,
    seed: int,
    *,
    top: str,
    slash: str,
    named: bool,
    header: tuple[str, str] | None,
    within: bool = False,
) -> Drawn:
    """Draw studies of one to three images; `slash` ends the names of their folders in tables.

    With `named`, folders to train on end with their label. With `within`, tables name folders from
    below `top`.
    """
    folder, truth, files = Folder(root, seed), {}, {}
    rows = []
    for number, bit in enumerate(deal(folder.random, (0, 1), 60)):
        role = "train" if number < 40 else "test"
        ending = ("_negative", "_positive")[bit] if named and role == "train" else ""
        place = f"{role}/{PARTS[number % 2]}/patient{number // 2:05d}/study{number % 2 + 1}{ending}"
        for image in range(int(folder.random.integers(1, 4))):
            name = f"{top}{place}/image{image + 1}.png"
            folder.image(name, pictures.thing(folder.random, bit, 2, side=20))
        study = f"{'' if within else top}{place}{slash}"
        if role == "train":
            rows.append((study, bit))
        else:
            truth[study] = bit
            files[study] = name
    head, *body = rows
    if header is None:
        folder.table(f"{top}train_labeled_studies.csv", head, body)
    else:
        folder.table(f"{top}train_labeled_studies.csv", header, rows)
    sheet = Sheet(("study", "abnormal"), files)
    folder.raw(sheet.name, sheet.constant(0))
    return finish(
        folder,
        sheet,
        grade=graders.label(
            sheet.header, {k: str(v) for k, v in truth.items()}, ("0", "1"), "accuracy"
        ),
        answers=sheet.filled(truth),
        metric="Categorization Accuracy",
        maximize=True,
        chance=share(truth, 0),
        cell="label",
        classes=("0", "1"),
        train=40,
    )


def studies_without_header(root: Path, seed: int) -> Drawn:
    """A table without a header has folders of studies, with a slash at their end, and 0 or 1."""
    return _studies(root, seed, top="MURA-v1.1/", slash="/", named=True, header=None)


def studies_with_header(root: Path, seed: int) -> Drawn:
    """A table has a header and folders of studies below its own, without a slash at their end."""
    header = ("folder", "is_abnormal")
    return _studies(root, seed, top="bones/", slash="", named=False, header=header, within=True)


def studies_in_the_root(root: Path, seed: int) -> Drawn:
    """A table without a header has folders of studies, from the directory of the competition on."""
    return _studies(root, seed, top="", slash="/", named=False, header=None)


KINDS: dict[str, Kind] = {
    "studies-without-header": Kind(studies_without_header, {"metric": "accuracy"}),
    "studies-with-header": Kind(studies_with_header, {"metric": "accuracy"}),
    "studies-in-the-root": Kind(studies_in_the_root, {"metric": "accuracy"}),
}
