"""The class by its number: ordinal, noisy, in COCO's annotations, in metadata of a herbarium."""

from pathlib import Path

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Sheet, deal, finish, hashes, macro_f1, numerals, record_bytes, share

DISEASES = {
    "0": "Cassava Bacterial Blight (CBB)",
    "1": "Cassava Brown Streak Disease (CBSD)",
    "2": "Cassava Green Mottle (CGM)",
    "3": "Cassava Mosaic Disease (CMD)",
    "4": "Healthy",
}


def aptos(root: Path, seed: int) -> Drawn:
    """Grades 0 to 4 of a disease, half of them 0.

    Images have black borders. Four images come twice, and one copy has another grade than its
    original.
    """
    folder = Folder(root, seed)
    random = folder.random
    names = hashes(random, 90 + 36 + 4, 12)
    grades = [*deal(random, (0, 2, 0, 1, 0, 3, 0, 2, 4), 90), *deal(random, (0, 2, 0, 1, 3, 4), 36)]
    copies = [0, 1, 2, 3]
    for row, grade in enumerate(grades):
        role = "train" if row < 90 else "test"
        border = (0.0, 0.15, 0.3)[random.integers(3)]
        picture = pictures.level(random, grade / 4, border=border)
        folder.image(f"{role}_images/{names[row]}.png", picture)
        if row in copies:
            folder.image(f"train_images/{names[126 + row]}.png", picture)
    train = list(zip(names[:90], grades[:90], strict=True))
    train += [(names[126 + row], grades[row]) for row in copies]
    train[-1] = (train[-1][0], (grades[copies[-1]] + 1) % 5)
    folder.table("train.csv", ("id_code", "diagnosis"), train)
    truth = dict(zip(names[90:126], grades[90:], strict=True))
    folder.table("test.csv", ("id_code",), ([name] for name in truth))
    sheet = Sheet(("id_code", "diagnosis"), {n: f"test_images/{n}.png" for n in truth})
    folder.raw(sheet.name, sheet.constant(0))
    classes = tuple("01234")
    return finish(
        folder,
        sheet,
        grade=graders.class_id(sheet.header, truth, classes, "kappa"),
        answers=sheet.filled(truth),
        metric="QuadraticWeightedKappa",
        maximize=True,
        chance=0.0,
        cell="label",
        classes=classes,
        train=len(train),
    )


def cassava(root: Path, seed: int) -> Drawn:
    """Ids have a suffix.

    One class has three fifths of the rows; one training label in sixteen is wrong. TFRecords repeat
    the images.
    """
    folder = Folder(root, seed)
    random = folder.random
    names = [f"{number}.jpg" for number in numerals(random, 120, 5_000_000, 9_999_999)]
    labels = deal(random, (3, 3, 3, 0, 3, 1, 3, 2, 3, 4), 120)
    for row, (name, kind) in enumerate(zip(names, labels, strict=True)):
        role = "train" if row < 80 else "test"
        folder.image(f"{role}_images/{name}", pictures.thing(random, kind, 5))
    rows = [(name, labels[row] if row % 16 else 4) for row, name in enumerate(names[:80])]
    folder.table("train.csv", ("image_id", "label"), rows)
    folder.json("label_num_to_disease_map.json", DISEASES)
    folder.raw("train_tfrecords/ld_train00-80.tfrec", record_bytes(random, 80))
    folder.raw("test_tfrecords/ld_test00-40.tfrec", record_bytes(random, 40))
    truth = dict(zip(names[80:], labels[80:], strict=True))
    sheet = Sheet(("image_id", "label"), {name: f"test_images/{name}" for name in truth})
    folder.raw(sheet.name, sheet.constant(4))
    classes = tuple(DISEASES)
    return finish(
        folder,
        sheet,
        grade=graders.class_id(sheet.header, truth, classes, "accuracy"),
        answers=sheet.filled(truth),
        metric="Categorization Accuracy",
        maximize=True,
        chance=share(truth, 4),
        cell="label",
        classes=classes,
        train=len(rows),
    )


def coco(root: Path, seed: int) -> Drawn:
    """The annotations are in another order than the images, and are joined by `image_id`.

    Ids are not file names.
    """
    folder = Folder(root, seed)
    random, categories = folder.random, (3, 11, 12, 40, 107)
    names = [f"{name}.jpg" for name in hashes(random, 80 + 36, 16)]
    ids = numerals(random, 116, 0, 5_000)
    kinds = [*deal(random, range(5), 80), *deal(random, range(5), 36)]
    images = []
    for row, (name, each) in enumerate(zip(names, ids, strict=True)):
        picture = pictures.thing(random, kinds[row], 5)
        path = f"{'train' if row < 80 else 'test'}/{name}"
        folder.image(path, picture)
        images.append(
            {"id": each, "file_name": path, "width": picture.width, "height": picture.height}
        )
    annotations = [
        {"id": number, "image_id": ids[row], "category_id": categories[kinds[row]]}
        for number, row in enumerate(random.permutation(80))
    ]
    named = [{"id": each, "name": f"species {each}"} for each in categories]
    trained = {"images": images[:80], "annotations": annotations, "categories": named}
    folder.json("train.json", {"info": {"year": 2019}, **trained})
    folder.json("test.json", {"info": {"year": 2019}, "images": images[80:], "categories": named})
    truth = {str(ids[row]): categories[kinds[row]] for row in 80 + random.permutation(36)}
    paths = {str(image["id"]): str(image["file_name"]) for image in images}
    sheet = Sheet(("id", "category_id"), {each: paths[each] for each in truth})
    return _by_macro_f1(folder, sheet, truth, categories)


def json_map(root: Path, seed: int) -> Drawn:
    """Herbarium sheets: metadata in JSON map ids to files, and the numbers in file names are not
    the ids. Images are in folders named by three digits. The class numbers have gaps.
    """
    folder = Folder(root, seed)
    random, categories = folder.random, (0, 2, 5, 6, 31)
    images, annotations = [], []
    for kind, category in enumerate(categories):
        for number in range(16):
            each = f"{category:05d}__{number + 1:03d}"
            name = f"{category // 10:03d}/{category % 10:02d}/{each}.jpg"
            folder.image(f"train_images/{name}", pictures.thing(random, kind, 5))
            images.append({"image_id": each, "file_name": name, "license": 0})
            about = {"genus_id": kind // 2, "institution_id": int(random.integers(60))}
            annotations.append({**about, "category_id": category, "image_id": each})
    kinds = [{"category_id": c, "species": f"species {c}", "genus_id": 0} for c in categories]
    folder.json(
        "train_metadata.json",
        {"annotations": annotations, "images": images, "categories": kinds, "license": []},
    )
    truth: dict[str, int] = {}
    files = {}
    test = []
    dealt = deal(random, range(5), 36)
    for number, other in enumerate(int(n) for n in random.permutation(36)):
        name = f"{other // 20:03d}/test-{other:06d}.jpg"
        folder.image(f"test_images/{name}", pictures.thing(random, dealt[number], 5))
        truth[str(number)] = categories[dealt[number]]
        files[str(number)] = f"test_images/{name}"
        test.append({"file_name": name, "image_id": str(number), "license": 0})
    folder.json("test_metadata.json", test)
    sheet = Sheet(("Id", "Predicted"), files)
    return _by_macro_f1(folder, sheet, truth, categories)


def _by_macro_f1(
    folder: Folder, sheet: Sheet, truth: dict[str, int], categories: tuple[int, ...]
) -> Drawn:
    folder.raw(sheet.name, sheet.constant(categories[1]))
    classes = tuple(str(category) for category in categories)
    return finish(
        folder,
        sheet,
        grade=graders.class_id(sheet.header, truth, classes, "macro_f1"),
        answers=sheet.filled(truth),
        metric="F-Score (Macro)",
        maximize=True,
        chance=macro_f1(truth, categories[1]),
        cell="label",
        classes=classes,
        train=80,
    )
