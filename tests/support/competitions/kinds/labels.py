"""Which table has the labels, and which of its rows are to be predicted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from ..drawn import Drawn
from .kind import Kind, Plain

BIRDS = ("crow", "gull", "owl", "wren")
TREES = ("ash", "birch", "oak")


def _swapped(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return labels of other images, as an older version of a table might have."""
    values = list(labels.values())
    return list(zip(labels, values[1:] + values[:1], strict=True))


def external_beside_train(root: Path, seed: int) -> Drawn:
    """A longer table of images from elsewhere, which also lie in the folder."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    more = [(f"x{n:03d}", plain.classes[n % 2]) for n in range(40)]
    for name, _ in more:
        plain.folder.image(f"train/{name}.png", Image.new("RGB", (20, 20), (128, 128, 128)))
    plain.folder.table("external_train.csv", ("id", "label"), more)
    return _told(plain)


def old_labels_beside_labels(root: Path, seed: int) -> Drawn:
    """Labels that were corrected, and a longer table of those before."""
    plain = Plain(root, seed, BIRDS, folders=("train_images/", "test_images/"), suffix=".jpg")
    plain.folder.table("labels_old.csv", ("filename", "bird"), _swapped(plain.train))
    rows = list(plain.train.items())[:30]
    plain.folder.table("labels.csv", ("filename", "bird"), rows)
    plain.train = dict(rows)
    return _told(plain, "bird", "filename")


def metadata_of_both_roles(root: Path, seed: int) -> Drawn:
    """A table of all images whose column is called like a label, and a plain one with labels."""
    plain = Plain(root, seed, TREES, folders=("photos/train/", "photos/test/"))
    every = [*plain.train, *plain.test]
    level = [(name, n % 3, 640 + n % 2) for n, name in enumerate(every)]
    plain.folder.table("metadata.csv", ("image", "noise_level", "width"), level)
    plain.folder.table("train.csv", ("image", "tree"), plain.train.items())
    sheet = plain.sheet("Predicted", id_="image")
    plain.folder.raw(sheet.name, sheet.constant(""))
    return plain.labelled(sheet)


def pseudo_labels_in_a_folder(root: Path, seed: int) -> Drawn:
    """Guesses of a network in a table with the same columns."""
    plain = Plain(root, seed, BIRDS)
    plain.folder.table("pseudo/train.csv", ("id", "species"), _swapped(plain.train))
    plain.folder.table("train.csv", ("id", "species"), plain.train.items())
    return _told(plain, "species")


def labels_by_option(root: Path, seed: int) -> Drawn:
    """Two tables that suit; people say which."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), _swapped(plain.train))
    plain.folder.table("corrected/final.csv", ("id", "label"), plain.train.items())
    plain.folder.table("notes.csv", ("author", "note"), [("me", "checked"), ("you", "seen")])
    return _told(plain)


def two_tables_that_differ(root: Path, seed: int) -> Drawn:
    """Two tables that suit equally, with different labels."""
    plain = Plain(root, seed)
    plain.folder.table("first.csv", ("id", "label"), plain.train.items())
    plain.folder.table("second.csv", ("id", "label"), _swapped(plain.train))
    return _told(plain)


def parts_by_number(root: Path, seed: int) -> Drawn:
    """Three tables that share out the rows."""
    plain = Plain(root, seed)
    rows = list(plain.train.items())
    for number in range(3):
        plain.folder.table(f"train_part{number + 1}.csv", ("id", "label"), rows[number::3])
    return _told(plain)


def table_in_every_class(root: Path, seed: int) -> Drawn:
    """A table beside the images of every class; numbers of images repeat between folders."""
    plain = Plain(root, seed, TREES, rows=(36, 12), folders=("spare/", "test/"))
    for tree in TREES:
        own = [name for name, label in plain.train.items() if label == tree]
        for number, name in enumerate(own):
            file = root / plain.files[name]
            plain.folder.raw(f"train/{tree} leaves/{number:03d}.png", file.read_bytes())
            file.unlink()
        rows = [(f"{number:03d}.png", tree) for number in range(len(own))]
        plain.folder.table(f"train/{tree} leaves/labels.csv", ("file", "tree"), rows)
    (root / "spare").rmdir()
    return _told(plain, "tree", "file")


def train_and_valid_tables(root: Path, seed: int) -> Drawn:
    """A folder and a table for validation, beside those for training."""
    plain = Plain(root, seed, BIRDS, rows=(24, 16))
    rows = list(plain.train.items())
    for name, _ in rows[:8]:
        file = root / plain.files[name]
        plain.folder.raw(f"valid/{name}.png", file.read_bytes())
        file.unlink()
    plain.folder.table("valid.csv", ("name", "bird"), rows[:8])
    plain.folder.table("train.csv", ("name", "bird"), rows[8:])
    return _told(plain, "bird", "name")


def fold_tables(root: Path, seed: int) -> Drawn:
    """A table for every fold, with names of images that are unique."""
    plain = Plain(root, seed, TREES, suffix=".jpg")
    rows = [(f"{name}.jpg", tree, n) for n, (name, tree) in enumerate(plain.train.items())]
    for fold in range(4):
        plain.folder.table(f"folds/fold{fold}/rows.csv", ("file", "class", "n"), rows[fold::4])
    return _told(plain, "class", "file")


def split_column(root: Path, seed: int) -> Drawn:
    """One table and one folder; more rows to predict than to train on, with a placeholder."""
    plain = Plain(root, seed, rows=(20, 28), folders=("images/", "images/"))
    rows = [(i, c, ("train", "val")[n % 4 == 0]) for n, (i, c) in enumerate(plain.train.items())]
    rows += [(i, plain.classes[0], "test") for i in plain.test]
    plain.folder.table("data.csv", ("id", "label", "split"), _mixed(plain, rows))
    return _told(plain)


def usage_column(root: Path, seed: int) -> Drawn:
    """Labels of rows to predict are blank; the column says Public and Private."""
    plain = Plain(root, seed, BIRDS, folders=("pictures/", "pictures/"), suffix=".jpg")
    rows = [("Training", f"{name}.jpg", bird) for name, bird in plain.train.items()]
    halves = ("PublicTest", "PrivateTest")
    rows += [(halves[n % 2], f"{i}.jpg", "") for n, i in enumerate(plain.test)]
    plain.folder.table("all.csv", ("Usage", "file", "bird"), _mixed(plain, rows))
    return _told(plain, "bird", "file")


def flag_of_test(root: Path, seed: int) -> Drawn:
    """Folders of both roles and one table, with 1 for rows to predict and their label unknown."""
    plain = Plain(root, seed, TREES, rows=(30, 30))
    rows: list[tuple[object, ...]] = [(name, 0, tree) for name, tree in plain.train.items()]
    rows += [(name, 1, "unknown") for name in plain.test]
    plain.folder.table("index.csv", ("image_id", "is_test", "tree"), _mixed(plain, rows))
    return _told(plain, "tree", "image_id")


def test_images_in_train(root: Path, seed: int) -> Drawn:
    """All images in a folder called train; the sample submission names those to predict."""
    plain = Plain(root, seed, folders=("train/", "train/"))
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    return _told(plain)


def images_of_both_roles_with_a_table_of_test(root: Path, seed: int) -> Drawn:
    """All images in one folder; a table lists those to predict, and that of labels has them too."""
    plain = Plain(root, seed, BIRDS, rows=(24, 20), folders=("jpg/", "jpg/"), suffix=".jpg")
    rows = [*plain.train.items(), *((name, "?") for name in plain.test)]
    plain.folder.table("labels.csv", ("photo", "bird"), _mixed(plain, rows))
    plain.folder.table("test.csv", ("photo", "width"), [(name, 20) for name in plain.test])
    return _told(plain, "bird", "photo")


def test_images_are_missing(root: Path, seed: int) -> Drawn:
    """The folder of test images is not there, and its ids are also those of training images."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    for name in plain.test:
        (root / plain.files[name]).unlink()
    (root / "test").rmdir()
    known = dict(list(plain.train.items())[:16])
    plain.test, plain.files = known, {name: plain.files[name] for name in plain.train}
    return _told(plain)


def _told(plain: Plain, column: str = "label", id_: str = "id") -> Drawn:
    sheet = plain.sheet(column, id_=id_)
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


def _mixed(plain: Plain, rows: list[Any]) -> list[Any]:
    return [rows[k] for k in plain.folder.random.permutation(len(rows))]


KINDS: dict[str, Kind] = {
    "external-beside-train": Kind(external_beside_train),
    "old-labels-beside-labels": Kind(old_labels_beside_labels),
    "metadata-of-both-roles": Kind(metadata_of_both_roles),
    "pseudo-labels-in-a-folder": Kind(pseudo_labels_in_a_folder),
    "labels-by-option": Kind(labels_by_option, {"labels": "corrected/final.csv"}),
    "labels-by-name": Kind(labels_by_option, {"labels": "final.csv"}),
    "labels-without-file": Kind(
        labels_by_option, {"labels": "finals.csv"}, refusal=r"its tables are .*train\.csv"
    ),
    "labels-without-images": Kind(
        labels_by_option,
        {"labels": "notes.csv"},
        refusal=r"notes\.csv' names no training images",
    ),
    "two-tables-that-differ": Kind(
        two_tables_that_differ, note=r"Both first\.csv and second\.csv .*--labels"
    ),
    "parts-by-number": Kind(parts_by_number),
    "table-in-every-class-folder": Kind(table_in_every_class),
    "train-and-valid-tables": Kind(train_and_valid_tables),
    "fold-tables": Kind(fold_tables),
    "split-column": Kind(split_column),
    "usage-column": Kind(usage_column),
    "flag-of-test": Kind(flag_of_test),
    "test-images-in-train": Kind(test_images_in_train),
    "images-of-both-roles": Kind(images_of_both_roles_with_a_table_of_test),
    "test-images-are-missing": Kind(test_images_are_missing, refusal="training images, which have"),
}
