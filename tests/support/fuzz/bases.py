"""Sound little competitions as files in memory, one of each form, for others to damage."""

import io
import json
from functools import cache

import numpy as np
from PIL import Image

Files = dict[str, bytes]

_ROWS = 12
_TEST = 4
_IDS = [f"{number:03}" for number in range(_ROWS)]
_TEST_IDS = [f"{number}" for number in range(900, 900 + _TEST)]
_NAMES = ["cat", "dog", "elk"]


@cache
def picture(form: str = "PNG", mode: str = "RGB", side: int = 8, frames: int = 1) -> bytes:
    """The bytes of a picture of noise, or of a film of several frames."""
    random = np.random.default_rng(side)
    films = [
        Image.fromarray(random.integers(0, 256, (side, side, 4), dtype=np.uint8)).convert(mode)
        for _ in range(frames)
    ]
    packed = io.BytesIO()
    film = {"save_all": True, "append_images": films[1:]} if frames > 1 else {}
    films[0].save(packed, form, **film)
    return packed.getvalue()


@cache
def stack(*shape: int, dtype: str = "uint8") -> bytes:
    """The bytes of an array file."""
    packed = io.BytesIO()
    np.save(packed, np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    return packed.getvalue()


def csv(header: str, rows: list[tuple[object, ...]]) -> bytes:
    """A table."""
    return "".join(",".join(map(str, row)) + "\n" for row in [(header,), *rows]).encode()


def images(train: str = "train/{}.png", test: str = "test/{}.png") -> Files:
    """A picture for every id of both roles."""
    names = [train.format(i) for i in _IDS] + [test.format(i) for i in _TEST_IDS]
    return dict.fromkeys(names, picture())


def _labelled(header: str, labels: list[object], sample: str, *cells: object) -> Files:
    return images() | {
        "train.csv": csv(header, list(zip(_IDS, labels, strict=True))),
        "sample_submission.csv": csv(sample, [(i, *cells) for i in _TEST_IDS]),
    }


def _dealt(items: list[object]) -> list[object]:
    return [items[row % len(items)] for row in range(_ROWS)]


def _drivers() -> Files:
    rows = [(f"p{row // 4}", _NAMES[row % 3], f"{i}.png") for row, i in enumerate(_IDS)]
    return images() | {
        "drivers.csv": csv("subject,classname,img", rows),
        "sample_submission.csv": csv("img,cat,dog,elk", [(f"{i}.png", 0, 0, 1) for i in _TEST_IDS]),
    }


def _coco() -> Files:
    pictures = [{"id": n, "file_name": f"{i}.png"} for n, i in enumerate(_IDS)]
    notes = [{"id": n, "image_id": n, "category_id": n % 3} for n in range(_ROWS)]
    kinds = [{"id": n, "name": name} for n, name in enumerate(_NAMES)]
    tests = [{"id": n, "file_name": f"{i}.png"} for n, i in enumerate(_TEST_IDS)]
    train = {"images": pictures, "annotations": notes, "categories": kinds}
    return images() | {
        "train.json": json.dumps(train).encode(),
        "test.json": json.dumps({"images": tests}).encode(),
        "sample_submission.csv": csv("Id,Category", [(n, 0) for n in range(_TEST)]),
    }


def _json_map() -> Files:
    labels = dict(zip(_IDS, _dealt([*_NAMES]), strict=True))
    return images() | {
        "labels.json": json.dumps(labels).encode(),
        "sample_submission.csv": csv("id,label", [(i, "cat") for i in _TEST_IDS]),
    }


def _json_lines() -> Files:
    rows = zip(_IDS, _dealt([*_NAMES]), strict=True)
    lines = [json.dumps({"id": i, "label": name}) for i, name in rows]
    return _json_map() | {"labels.json": "\n".join(lines).encode()}


def _pixels() -> Files:
    columns = ",".join(f"pixel{n}" for n in range(16))
    row = tuple(range(16))
    return {
        "train.csv": csv(f"label,{columns}", [(n % 3, *row) for n in range(_ROWS)]),
        "test.csv": csv(columns, [row] * _TEST),
        "sample_submission.csv": csv("ImageId,Label", [(n + 1, 0) for n in range(_TEST)]),
    }


def _stacks() -> Files:
    return {
        "train_images.npy": stack(_ROWS, 4, 4, 3),
        "test_images.npy": stack(_TEST, 4, 4, 3),
        "train_labels.csv": csv("id,label", [(n, n % 3) for n in range(_ROWS)]),
        "sample_submission.csv": csv("id,label", [(n, 0) for n in range(_TEST)]),
    }


def _folders() -> Files:
    files = {f"train/{_NAMES[n % 3]}/{i}.png": picture() for n, i in enumerate(_IDS)}
    tests = {f"test/{i}.png": picture() for i in _TEST_IDS}
    return {
        **files,
        **tests,
        "sample_submission.csv": csv("file,label", [(f"{i}.png", "cat") for i in _TEST_IDS]),
    }


def _bags() -> Files:
    rows = [(f"{i[:2]}{n // 2}", i, _NAMES[n // 2 % 3]) for n, i in enumerate(_IDS)]
    tests = [(f"s{n // 2}", i) for n, i in enumerate(_TEST_IDS)]
    return images() | {
        "train.csv": csv("study_id,image_id,label", rows),
        "test.csv": csv("study_id,image_id", tests),
        "sample_submission.csv": csv("study_id,label", [("s0", "cat"), ("s1", "cat")]),
    }


def _bag_folders() -> Files:
    files = {f"train/{i}/{n}.png": picture() for i in _IDS for n in range(2)}
    files |= {f"test/{i}/{n}.png": picture() for i in _TEST_IDS for n in range(2)}
    labelled = _labelled("id,label", _dealt([0, 1]), "id,label", 0.5)
    return files | {name: labelled[name] for name in ("train.csv", "sample_submission.csv")}


def _hints() -> Files:
    said = 'metric = "accuracy"\ngroup = "none"\ntarget = "label"\nflips = ["vertical"]\n'
    return _labelled("id,label", _dealt([*_NAMES]), "id,label", "cat") | {
        "competition.toml": said.encode()
    }


@cache
def tabular() -> tuple[Files, ...]:
    """Competitions whose tables say what there is to say."""
    return (
        _labelled("id,label", _dealt([0, 1]), "id,label", 0.5),
        _labelled("id,breed", _dealt([*_NAMES]), "id,cat,dog,elk", 0.3, 0.3, 0.4),
        _labelled("image,labels", _dealt(["a b", "a", "b c", "c"]), "image,labels", "a"),
        _labelled("Image,Id", _dealt(["w1", "w2", "new_w"]), "Image,Id", "w1 w2"),
        _labelled("id,score", [n + 0.5 for n in range(_ROWS)], "id,score", 3.25),
        _labelled("id,diagnosis", _dealt([0, 1, 2]), "id,diagnosis", 0),
        _labelled("id,a,b", _dealt(["1,0", "0,1", "1,1"]), "id,a,b", 0.5, 0.5),
        *(make() for make in (_drivers, _coco, _json_map, _json_lines)),
        *(make() for make in (_pixels, _stacks, _folders, _bags, _bag_folders, _hints)),
    )
