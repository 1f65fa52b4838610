"""Labels in tables of unusual form: between blanks, in parts to be joined, beside class folders."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..drawn import Drawn
from .kind import Kind, Plain

RIPE = ("fresh apple", "fresh plum", "rotten apple", "rotten plum")
BIRDS = ("owl", "heron", "wren")


def finished(plain: Plain, column: str = "label", id_: str = "id", *, ends: str = "") -> Drawn:
    """Write the sample submission with commas, and return the competition."""
    plain.test = {f"{name}{ends}": label for name, label in plain.test.items()}
    plain.files |= {f"{name}{ends}": file for name, file in plain.files.items()}
    sheet = plain.sheet(column, id_=id_)
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


def _lines(rows: Iterable[Sequence[str]], between: str = " ") -> str:
    return "".join(between.join(row) + "\n" for row in rows)


def _listed(plain: Plain) -> list[tuple[str, str]]:
    return [(f"{name}.png", label) for name, label in plain.train.items()]


def between_blanks(root: Path, seed: int) -> Drawn:
    """Blanks part the cells of the labels and of the sample, which have headers."""
    plain = Plain(root, seed)
    plain.folder.raw("train.txt", _lines([("image", "label"), *_listed(plain)]))
    drawn = finished(plain, id_="image", ends=".png")
    sample = root / drawn.sample
    sample.write_text(sample.read_text().replace(",", " "))
    return drawn


def between_blanks_without_header(root: Path, seed: int) -> Drawn:
    """Several blanks, or a tab, part cells of labels without a header; the sample has commas."""
    plain = Plain(root, seed, BIRDS)
    rows = [f"{name:<12}{label}" for name, label in _listed(plain)]
    plain.folder.raw("lists/train_list.txt", "\n".join([*rows[:9], rows[9].replace(" ", "\t", 1)]))
    with (root / "lists/train_list.txt").open("a") as file:
        file.write("\n" + "\n".join(rows[10:]) + "\n")
    return finished(plain, "bird", "photo")


def paths_after_codes(root: Path, seed: int) -> Drawn:
    """Blanks part a code and a path; another list between blanks has the name of each code."""
    plain = Plain(root, seed, BIRDS, folders=("images/train/", "images/test/"))
    rows = [(str(BIRDS.index(label)), f"train/{name}.png") for name, label in plain.train.items()]
    plain.folder.raw("labels.txt", _lines([("class", "file"), *rows]))
    named = [(str(number), bird) for number, bird in enumerate(BIRDS)]
    plain.folder.raw("classes.txt", _lines([("code", "bird"), *named]))
    return finished(plain, "bird", "photo")


def names_with_blanks_between_blanks(root: Path, seed: int) -> Drawn:
    """Blanks part names of images and class names that have a blank themselves; no header."""
    plain = Plain(root, seed, RIPE)
    plain.folder.raw("train.txt", _lines(_listed(plain)))
    return finished(plain)


def names_with_blanks_below_a_header(root: Path, seed: int) -> Drawn:
    """Blanks part two cells in the header, and three words in the lines below it."""
    plain = Plain(root, seed, RIPE)
    plain.folder.raw("train.txt", _lines([("image", "label"), *_listed(plain)]))
    return finished(plain)


def list_of_names_with_blanks(root: Path, seed: int) -> Drawn:
    """Labels are between commas; a list has the class names, two words in every line."""
    plain = Plain(root, seed, RIPE)
    plain.folder.table("train.csv", ("image", "label"), _listed(plain))
    plain.folder.raw("classes.txt", _lines([[name] for name in RIPE]))
    return finished(plain)


def labels_without_rows(root: Path, seed: int) -> Drawn:
    """The table of labels has a header alone."""
    plain = Plain(root, seed)
    plain.folder.raw("train.csv", "image,label\n")
    return finished(plain)


def truth_without_rows(root: Path, seed: int) -> Drawn:
    """The table with the sample's columns has a header alone; another one has sizes of images."""
    plain = Plain(root, seed, BIRDS)
    plain.folder.raw("truth.tsv", "photo\tbird\n\n")
    plain.folder.table("sizes.csv", ("width", "height"), [(20, 20), (30, 30)])
    return finished(plain, "bird", "photo")


def key_that_is_wrong(root: Path, seed: int) -> Drawn:
    """`competition.toml` names a column of labels that no table has."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("image", "label"), _listed(plain))
    plain.folder.raw("competition.toml", "target = 'species'\n")
    return finished(plain)


def link_to_itself(root: Path, seed: int) -> Drawn:
    """A link among the images leads to itself."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("image", "label"), _listed(plain))
    (root / "train" / "more").symlink_to("more")
    return finished(plain)


def _into_folders(plain: Plain, wrong: int, place: str = "train") -> dict[str, str]:
    """Move training images into folders of their class, some into another, and return these."""
    found = {}
    for number, (name, label) in enumerate(plain.train.items()):
        after = plain.classes.index(label) + (number < wrong)
        found[name] = plain.classes[after % len(plain.classes)]
        target = plain.folder.root / place / found[name] / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        (plain.folder.root / plain.files[name]).rename(target)
    return found


def folders_and_table_that_differ(root: Path, seed: int) -> Drawn:
    """Training images lie in class folders; a table has other labels for some of them."""
    plain = Plain(root, seed)
    _into_folders(plain, 6)
    plain.folder.table("train.csv", ("image", "label"), _listed(plain))
    return finished(plain)


def folders_that_are_right(root: Path, seed: int) -> Drawn:
    """Training images lie in class folders; a table has wrong labels for half of them."""
    plain = Plain(root, seed, BIRDS)
    right = dict(plain.train)
    swapped = _into_folders(plain, 16, "data/train")
    for name, label in right.items():
        (root / "data/train" / label).mkdir(exist_ok=True)
        file = f"{name}.png"
        (root / "data/train" / swapped[name] / file).rename(root / "data/train" / label / file)
    plain.folder.table("noisy_labels.csv", ("file", "bird"), swapped.items())
    return finished(plain, "bird", "photo")


def folders_and_codes_that_differ(root: Path, seed: int) -> Drawn:
    """Training images lie in folders of names; a table has codes, for two images of another."""
    plain = Plain(root, seed, ("0", "1", "2"))
    _into_folders(plain, 2)
    for code, name in enumerate(BIRDS):
        (root / "train" / str(code)).rename(root / "train" / name)
    plain.folder.table("train_labels.csv", ("id", "target"), plain.train.items())
    return finished(plain, "target")


def _owned(plain: Plain, start: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return whose each training image is, three each, and the labels of these."""
    owner: dict[str, str] = {}
    label_of: dict[str, str] = {}
    for label in plain.classes:
        own = [name for name, found in plain.train.items() if found == label]
        for number, name in enumerate(own):
            owner[name] = f"{start}{7 * plain.classes.index(label) + number // 3:02d}"
            label_of[owner[name]] = label
    return owner, label_of


def labels_of_patients(root: Path, seed: int) -> Drawn:
    """A table has the patient of every image, and the sex; another one each patient's diagnosis."""
    plain = Plain(root, seed, ("0", "1"))
    owner, label_of = _owned(plain, "P")
    rows = [(name, owner[name], row % 2) for row, name in enumerate(plain.train)]
    plain.folder.table("train.csv", ("image", "patient_id", "sex"), rows)
    plain.folder.table("labels.csv", ("patient_id", "diagnosis"), label_of.items())
    plain.folder.table("test.csv", ("image", "patient_id"), [(i, f"Q{i}") for i in plain.test])
    return finished(plain, "diagnosis", "image")


def labels_of_traps(root: Path, seed: int) -> Drawn:
    """The key is no name of a group; its table has other columns before, and rows repeated."""
    plain = Plain(root, seed, BIRDS, suffix=".jpg")
    owner, label_of = _owned(plain, "trap ")
    rows = [(owner[name], f"{name}.jpg") for name in plain.train]
    plain.folder.table("images.tsv", ("trap", "file"), rows)
    file = root / "images.tsv"
    file.write_text(file.read_text().replace(",", "\t"))
    rows = [(row, 2 * row, trap, label_of[trap]) for row, trap in enumerate(label_of)]
    plain.folder.table("truth/traps.csv", ("x", "y", "trap", "Bird"), [*rows, rows[0]])
    return finished(plain, "bird", "photo")


def names_of_codes(root: Path, seed: int) -> Drawn:
    """The key is a code of classes, so that no rows are to be held together by it."""
    plain = Plain(root, seed, BIRDS)
    codes = {bird: f"k{number}" for number, bird in enumerate(BIRDS)}
    rows = [(name, codes[label]) for name, label in plain.train.items()]
    plain.folder.table("train.csv", ("id", "kind"), rows)
    plain.folder.table("kinds.csv", ("kind", "bird"), ((codes[bird], bird) for bird in BIRDS))
    return finished(plain, "bird")


def patients_of_two_labels(root: Path, seed: int) -> Drawn:
    """Another table has labels of patients, one of them twice with different labels."""
    plain = Plain(root, seed, ("ill", "well"))
    owner, label_of = _owned(plain, "P")
    plain.folder.table("train.csv", ("image", "patient"), owner.items())
    rows = [*label_of.items(), (next(iter(label_of)), "well")]
    plain.folder.table("labels.csv", ("patient", "state"), rows)
    return finished(plain, "state", "image")


def patients_in_two_tables(root: Path, seed: int) -> Drawn:
    """Two tables have labels of patients."""
    plain = Plain(root, seed, ("ill", "well"))
    owner, label_of = _owned(plain, "P")
    plain.folder.table("train.csv", ("image", "patient"), owner.items())
    plain.folder.table("final.csv", ("patient", "state"), label_of.items())
    swapped = {patient: plain.classes[label == "ill"] for patient, label in label_of.items()}
    plain.folder.table("first.csv", ("patient", "state"), swapped.items())
    return finished(plain, "state", "image")


def json_beside_every_image(root: Path, seed: int) -> Drawn:
    """A JSON file beside every image has its name, its label and its size."""
    plain = Plain(root, seed)
    for name, label in plain.train.items():
        about = {"label": label, "image": f"{name}.png", "width": 20, "by": None}
        plain.folder.json(f"train/{name}.json", about)
    for name in plain.test:
        plain.folder.json(f"test/{name}.json", {"image": f"{name}.png", "width": 20, "by": None})
    return finished(plain)


def json_in_a_folder_of_their_own(root: Path, seed: int) -> Drawn:
    """JSON files lie in a folder of their own, are called as the images, and do not name them."""
    plain = Plain(root, seed, BIRDS, suffix=".jpg")
    for number, (name, label) in enumerate(plain.train.items()):
        extra = {"note": "at dusk"} if number % 5 == 2 else {}
        plain.folder.json(f"annotations/{name}.json", {"bird": label, "age": number % 7} | extra)
    plain.folder.json("info.json", {"year": 2020, "by": "us"})
    return finished(plain, "bird", "photo")


def json_in_folders_by_date(root: Path, seed: int) -> Drawn:
    """JSON files beside images in folders by date, a few in each; images of both sets there."""
    plain = Plain(root, seed, BIRDS, folders=("days/", "days/"))
    for number, (name, label) in enumerate((plain.train | plain.test).items()):
        folder = f"days/{number % 8}"
        (root / folder).mkdir(exist_ok=True)
        (root / plain.files[name]).rename(root / folder / f"{name}.png")
        plain.files[name] = f"{folder}/{name}.png"
        known = {"species": label} if name in plain.train else {}
        plain.folder.json(f"{folder}/{name}.json", {"file_name": f"{name}.png", "lux": 9} | known)
    return finished(plain, "species", "image")


def json_that_is_damaged(root: Path, seed: int) -> Drawn:
    """One of the JSON files of images is cut off."""
    plain = Plain(root, seed)
    for name, label in plain.train.items():
        plain.folder.json(f"train/{name}.json", {"label": label, "image": f"{name}.png"})
    plain.folder.raw("train/a007.json", '{"label": "pl')
    return finished(plain)


KINDS: dict[str, Kind] = {
    "between-blanks": Kind(between_blanks),
    "between-blanks-without-header": Kind(between_blanks_without_header),
    "paths-after-codes": Kind(paths_after_codes),
    "names-with-blanks-between-blanks": Kind(names_with_blanks_between_blanks),
    "names-with-blanks-below-a-header": Kind(
        names_with_blanks_below_a_header,
        refusal=r"lines of train\.txt begin with names of images \(a000\.png \w+ \w+\).*commas",
    ),
    "list-of-names-with-blanks": Kind(list_of_names_with_blanks),
    "labels-without-rows": Kind(
        labels_without_rows, refusal=r"train\.csv has no rows below its header \(image, label\)"
    ),
    "truth-without-rows": Kind(
        truth_without_rows, refusal=r"truth\.tsv has no rows below its header \(photo, bird\)"
    ),
    "key-that-is-wrong": Kind(
        key_that_is_wrong, refusal=r"target 'species' in competition\.toml is not a column"
    ),
    "link-to-itself": Kind(link_to_itself, refusal="more is a link that leads to itself"),
    "folders-and-table-that-differ": Kind(
        folders_and_table_that_differ, note=r"6 of 32 images \(19%\) have another label"
    ),
    "folders-that-are-right": Kind(folders_that_are_right, {"labels": "folders"}),
    "folders-that-are-right-unsaid": Kind(
        folders_that_are_right, least=-1, note=r"16 of 32 images .* choose --labels folders"
    ),
    "folders-and-codes-that-differ": Kind(
        folders_and_codes_that_differ, note=r"2 of 32 images .* choose --labels folders"
    ),
    "labels-of-patients": Kind(labels_of_patients, {"metric": "accuracy"}),
    "labels-of-traps": Kind(labels_of_traps),
    "names-of-codes": Kind(names_of_codes),
    "patients-of-two-labels": Kind(
        patients_of_two_labels,
        refusal=r"state is not in train\.csv, and labels\.csv has several rows .* 'P00'",
    ),
    "patients-in-two-tables": Kind(
        patients_in_two_tables, refusal=r"final\.csv and first\.csv both have state .*--labels"
    ),
    "patients-by-option": Kind(patients_in_two_tables, {"labels": "final.csv"}),
    "json-beside-every-image": Kind(json_beside_every_image),
    "json-in-a-folder-of-their-own": Kind(json_in_a_folder_of_their_own),
    "json-in-folders-by-date": Kind(json_in_folders_by_date),
    "json-that-is-damaged": Kind(
        json_that_is_damaged, refusal=r"train/a007\.json must have one object of texts and numbers"
    ),
}
