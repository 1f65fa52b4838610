"""How tables of labels name images: addresses, indexes without a name, parts, annotations."""

from collections.abc import Callable, Mapping
from pathlib import Path

from .. import graders, pictures
from ..drawn import Drawn
from ..kit import Folder, Sheet, deal, finish, share
from .kind import FRUIT, Kind, Plain

SHAPES = ("ring", "square", "star")


def https_addresses(root: Path, seed: int) -> Drawn:
    """Addresses of a host, with what a query asks for after the name."""
    return _addressed(root, seed, lambda file: f"https://img.host.org/v1/{file}?alt=media&x=1")


def buckets(root: Path, seed: int) -> Drawn:
    """Addresses in a bucket."""
    return _addressed(root, seed, lambda file: f"gs://bucket-7/data/{file}", suffix=".jpg")


def windows_paths(root: Path, seed: int) -> Drawn:
    """Paths on the host's own computer."""
    return _addressed(root, seed, lambda file: "C:\\Users\\me\\data\\" + file.replace("/", "\\"))


def _addressed(root: Path, seed: int, of: Callable[[str], str], suffix: str = ".png") -> Drawn:
    plain = Plain(root, seed, suffix=suffix)
    rows = [(label, of(plain.files[name].partition("/")[2])) for name, label in plain.train.items()]
    plain.folder.table("train.csv", ("label", "image_url"), rows)
    return _finished(plain)


def index_without_a_name(root: Path, seed: int) -> Drawn:
    """The names of images are an index that pandas wrote."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("", "label"), plain.train.items())
    return _finished(plain)


def index_beside_other_columns(root: Path, seed: int) -> Drawn:
    """The index has names with suffix, between semicolons; another column counts."""
    plain = Plain(root, seed, SHAPES, suffix=".jpg")
    lines = [f"{n}.jpg;{k};{label}" for k, (n, label) in enumerate(plain.train.items())]
    plain.folder.raw("labels.csv", "\n".join([";number;shape", *lines]))
    return _finished(plain, "shape")


def crops_of_one_row(root: Path, seed: int) -> Drawn:
    """Several crops a row, in the labels and in the sample submission."""
    return _crops(root, seed, lambda name, _: [name])


def crops_with_rows_of_their_own(root: Path, seed: int) -> Drawn:
    """Several crops a row of the sample; the table of labels has a row for each crop."""
    return _crops(root, seed, lambda name, part: [f"{name}_{part}"])


def _crops(root: Path, seed: int, rows: Callable[[str, int], list[str]]) -> Drawn:
    folder = Folder(root, seed)
    truth: dict[str, str] = {}
    files: dict[str, str] = {}
    table: dict[str, str] = {}
    for n, kind in enumerate(deal(folder.random, range(3), 48)):
        name, role = f"x{n:02d}", "train" if n < 32 else "test"
        for part in range(2 + n % 2):
            path = f"{role}/{name}_{part}.png"
            folder.image(path, pictures.thing(folder.random, kind, 3, side=20))
            files.setdefault(name, path)
            if n < 32:
                table |= dict.fromkeys(rows(name, part), SHAPES[kind])
        if n >= 32:
            truth[name] = SHAPES[kind]
    folder.table("train.csv", ("object", "shape"), table.items())
    sheet = Sheet(("object", "shape"), {name: files[name] for name in truth})
    folder.raw(sheet.name, sheet.constant(SHAPES[0]))
    return finish(
        folder,
        sheet,
        grade=graders.label(sheet.header, truth, SHAPES, "accuracy"),
        answers=sheet.filled(truth),
        metric="Categorization Accuracy",
        maximize=True,
        chance=share(truth, SHAPES[0]),
        cell="label",
        classes=SHAPES,
        train=32,
    )


def objects_of_an_image(root: Path, seed: int) -> Drawn:
    """Labels of several objects in each image, where the sample has whole images."""
    plain = Plain(root, seed)
    rows = [(f"{n}_{k}", FRUIT[k]) for n in plain.train for k in range(3)]
    plain.folder.table("train.csv", ("object_id", "label"), rows)
    return _finished(plain)


def crops_for_training_alone(root: Path, seed: int) -> Drawn:
    """Labels of rows of several crops, where the sample has a row for each image."""
    plain = Plain(root, seed)
    for name in plain.train:
        content = (root / plain.files[name]).read_bytes()
        (root / plain.files[name]).unlink()
        for part in ("left", "right"):
            plain.folder.raw(f"train/{name}-{part}.png", content)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    return _finished(plain)


def boxes_of_one_category(root: Path, seed: int) -> Drawn:
    """Annotations with several boxes an image, all of one category."""
    plain = Plain(root, seed)
    _coco(plain, "annotations/train.json", lambda _, label: [label, label])
    return _finished(plain)


def boxes_of_several_categories(root: Path, seed: int) -> Drawn:
    """Annotations of several categories an image, where a row has one class."""
    plain = Plain(root, seed)
    _coco(plain, "train.json", lambda n, label: [label, FRUIT[n % 4]])
    return _finished(plain)


def _coco(plain: Plain, file: str, of: Callable[[int, str], list[str]]) -> None:
    numbers = {name: n + 1 for n, name in enumerate(plain.classes)}
    images, notes = [], []
    for n, (name, label) in enumerate(plain.train.items()):
        images.append({"id": n, "file_name": f"{name}.png", "width": 20, "height": 20})
        for k, category in enumerate(of(n, label)):
            box = {"bbox": [k, 2 * k, 9, 9], "area": 81, "category_id": numbers[category]}
            notes.append({"id": len(notes), "image_id": n, **box})
    kinds = [{"id": number, "name": name} for name, number in numbers.items()]
    plain.folder.json(file, {"images": images, "annotations": notes, "categories": kinds})


def boxes_in_a_table(root: Path, seed: int) -> Drawn:
    """A row for each box, with its class, where a row of the sample has one class."""
    plain = Plain(root, seed)
    rows = [(f"{n}.png", k, k, 9, 9, FRUIT[k]) for n in plain.train for k in range(3)]
    plain.folder.table("train.csv", ("image", "xmin", "ymin", "xmax", "ymax", "class"), rows)
    return _finished(plain)


def boxes_beside_a_class(root: Path, seed: int) -> Drawn:
    """A row for each image, with the box of what the class is of."""
    plain = Plain(root, seed)
    rows = [(f"{n}.png", 1, 1, 19, 19, label) for n, label in plain.train.items()]
    plain.folder.table("train.csv", ("image", "x1", "y1", "x2", "y2", "class"), rows)
    return _finished(plain)


def runs_of_pixels(root: Path, seed: int) -> Drawn:
    """Masks as runs of pixels, where the sample submission has an empty column."""
    plain = Plain(root, seed)
    rows = [(name, f"{n + 1} 3 {n + 40} 5 {n + 90} 7") for n, name in enumerate(plain.train)]
    plain.folder.table("train.csv", ("id", "EncodedPixels"), rows)
    return _blank(plain, "mask")


def captions(root: Path, seed: int) -> Drawn:
    """Sentences on images, where the sample submission has an empty column."""
    plain = Plain(root, seed)
    told = enumerate(plain.train.items())
    rows = [(name, f"a picture of the {label} number {n}") for n, (name, label) in told]
    plain.folder.table("train.csv", ("id", "what_is_seen"), rows)
    return _blank(plain, "text")


def _blank(plain: Plain, column: str) -> Drawn:
    sheet = plain.sheet(column)
    plain.folder.raw(sheet.name, sheet.constant(""))
    return plain.labelled(sheet)


def categories_as_lists(root: Path, seed: int) -> Drawn:
    """Annotations of several categories an image, which the sample lists."""
    folder = Folder(root, seed)
    bits = {
        f"p{n:03d}": [n % 2, int(n % 3 == 0), int(n % 5 < 2 or n % 6 in {1, 5})] for n in range(90)
    }
    images, notes = [], []
    truth: dict[str, list[str]] = {}
    for n, (name, own) in enumerate(bits.items()):
        shown = [k for k, bit in enumerate(own) if bit]
        shown = shown or [0]
        folder.image(
            f"{'train' if n < 60 else 'test'}/{name}.png", pictures.marks(folder.random, shown, 3)
        )
        if n >= 60:
            truth[name] = [SHAPES[k] for k in shown]
            continue
        images.append({"id": n, "file_name": f"{name}.png"})
        notes += [{"id": 9 * n + k, "image_id": n, "category_id": k} for k in shown]
    kinds = [{"id": k, "name": name} for k, name in enumerate(SHAPES)]
    folder.json("train.json", {"categories": kinds, "annotations": notes[::-1], "images": images})
    sheet = Sheet(("image", "shapes"), {name: f"test/{name}.png" for name in truth})
    folder.raw(sheet.name, sheet.constant("star ring"))
    return finish(
        folder,
        sheet,
        grade=graders.label_list(sheet.header, truth, SHAPES, "micro"),
        answers=sheet.filled({name: " ".join(own) for name, own in truth.items()}),
        metric="F-Score (Micro)",
        maximize=True,
        chance=_constant(truth),
        cell="list",
        classes=SHAPES,
        train=60,
    )


def _constant(truth: Mapping[str, list[str]]) -> float:
    """Return micro F1 of `star ring` everywhere."""
    right = sum(name in own for own in truth.values() for name in ("star", "ring"))
    return 2 * right / (2 * len(truth) + sum(map(len, truth.values())))


def _finished(plain: Plain, column: str = "label", id_: str = "id") -> Drawn:
    sheet = plain.sheet(column, id_=id_)
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


KINDS: dict[str, Kind] = {
    "https-addresses": Kind(https_addresses),
    "buckets": Kind(buckets),
    "windows-paths": Kind(windows_paths),
    "index-without-a-name": Kind(index_without_a_name),
    "index-beside-other-columns": Kind(index_beside_other_columns),
    "crops-of-one-row": Kind(crops_of_one_row),
    "crops-with-rows-of-their-own": Kind(crops_with_rows_of_their_own),
    "objects-of-an-image": Kind(objects_of_an_image, refusal="Several rows of train.csv belong to"),
    "crops-for-training-alone": Kind(crops_for_training_alone, refusal="id of train.csv is the st"),
    "boxes-of-one-category": Kind(boxes_of_one_category),
    "boxes-of-several-categories": Kind(boxes_of_several_categories, refusal="object detection"),
    "boxes-in-a-table": Kind(boxes_in_a_table, refusal="This is object detection.* train.csv has"),
    "boxes-beside-a-class": Kind(boxes_beside_a_class),
    "runs-of-pixels": Kind(runs_of_pixels, refusal="This is segmentation"),
    "captions": Kind(captions, refusal="This is captioning"),
    "categories-as-lists": Kind(categories_as_lists),
}
