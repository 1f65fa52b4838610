import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_prz.competitions.embedded import grader
from kaggle_prz.competitions.embedded.publish import MARKER
from kaggle_prz.competitions.embedded.shapes import CLASSES, Shapes, draw

SMALL = Shapes(seed=3, train=16, test=8)


def _contents(directory: Path) -> dict[str, bytes]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def _lean(picture: np.ndarray, size: int) -> float:
    """How much more the picture varies from column to column than from row to row."""
    small = Image.fromarray(picture).resize((size, size), Image.Resampling.LANCZOS)
    middle = slice(round(size * 0.3), round(size * 0.7))
    grey = np.asarray(small, np.float64).mean(axis=-1)[middle, middle]
    # Second differences answer to what is finest in the picture.
    along, across = np.diff(grey, 2, axis=1), np.diff(grey, 2, axis=0)
    return float(np.log((along**2).mean() / (across**2).mean()))


def test_the_files_are_those_of_a_competition(tmp_path):
    SMALL.materialise(tmp_path / "shapes")
    train = _rows(tmp_path / "shapes" / "train.csv")
    test = _rows(tmp_path / "shapes" / "test.csv")
    sample = _rows(tmp_path / "shapes" / "sample_submission.csv")
    assert train[0] == ["id", "label"]
    assert test[0] == ["id"]
    assert sample[0] == ["id", *CLASSES]
    assert [row[0] for row in sample[1:]] == [row[0] for row in test[1:]]
    pictures = {path.stem for path in (tmp_path / "shapes" / "train").iterdir()}
    assert pictures == {row[0] for row in train[1:]}
    pictures = {path.stem for path in (tmp_path / "shapes" / "test").iterdir()}
    assert pictures == {row[0] for row in test[1:]}


def test_pictures_are_rgb_of_differing_sizes(tmp_path):
    SMALL.materialise(tmp_path / "shapes")
    sizes = set()
    for path in (tmp_path / "shapes" / "train").iterdir():
        with Image.open(path) as picture:
            assert (picture.mode, picture.format) == ("RGB", "PNG")
            sizes.add(picture.size)
    assert len(sizes) > 8
    assert all(96 <= side <= 160 for size in sizes for side in size)


def test_a_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        Shapes(seed=seed, train=4, test=4).materialise(tmp_path / name)
    a, b, c = (_contents(tmp_path / name) for name in "abc")
    assert a == b
    assert not {n for n in a if n.endswith("png")} & {n for n in c if n.endswith("png")}
    a_pictures = {content for name, content in a.items() if name.endswith("png")}
    assert a_pictures.isdisjoint(c.values())


def test_classes_are_balanced_and_shuffled():
    shapes = Shapes()
    labels = shapes.answers().labels
    assert np.bincount(labels).tolist() == [30, 30, 30, 30]
    neighbours = np.mean(labels[1:] == labels[:-1])
    assert 0.1 < neighbours < 0.4


def test_answers_fit_the_published_rows(tmp_path):
    SMALL.materialise(tmp_path / "shapes")
    answers = SMALL.answers()
    test = [row[0] for row in _rows(tmp_path / "shapes" / "test.csv")[1:]]
    assert answers.ids.tolist() == test
    assert not set(test) & {row[0] for row in _rows(tmp_path / "shapes" / "train.csv")[1:]}
    assert set(answers.usage) == {"public", "private"}


def test_answers_are_not_among_the_public_files(tmp_path):
    SMALL.materialise(tmp_path / "shapes")
    files = _contents(tmp_path / "shapes")
    hidden = [each for each in files if each.startswith("test") or each == MARKER]
    hidden.append("sample_submission.csv")
    for name in hidden:
        content = files[name].splitlines()
        body = b"\n".join(content[1:] if name.endswith("csv") else content)
        assert not any(label.encode() in body for label in CLASSES)


def test_the_sample_submission_scores_as_chance(tmp_path):
    SMALL.materialise(tmp_path / "shapes")
    scores = grader.grade(tmp_path / "shapes" / "sample_submission.csv", SMALL.answers())
    assert scores.public == pytest.approx(np.log(4))
    assert scores.private == pytest.approx(np.log(4))


def test_the_direction_of_stripes_shows_at_64_px_and_not_at_32():
    rng = np.random.default_rng(0)
    labels = np.arange(96) % 4
    pictures = [draw(rng, int(label)) for label in labels]
    right = {}
    for size in (32, 64):
        lean = np.array([_lean(picture, size) for picture in pictures])
        right[size] = np.mean((lean > 0) == (labels % 2 == 1))
    assert right[64] > 0.95
    assert 0.3 < right[32] < 0.7


@pytest.mark.parametrize("flip", [np.flipud, np.fliplr])
@pytest.mark.parametrize("label", range(4))
def test_flips_leave_the_direction_of_stripes(flip, label):
    pictures = [draw(np.random.default_rng(seed), label) for seed in range(8)]
    before = np.mean([_lean(picture, 96) for picture in pictures])
    after = np.mean([_lean(np.ascontiguousarray(flip(each)), 96) for each in pictures])
    assert np.sign(before) == np.sign(after) == (1 if label % 2 else -1)


def test_the_covered_area_does_not_tell_discs_from_squares():
    rng = np.random.default_rng(1)

    def covered_share(label: int) -> float:
        picture = draw(rng, label).astype(np.float64).mean(axis=-1)
        height, width = picture.shape
        middle = picture[height // 2 - 9 : height // 2 + 9, width // 2 - 9 : width // 2 + 9].mean()
        ground = np.median(np.concatenate([picture[:4].ravel(), picture[-4:].ravel()]))
        return float(np.mean(np.abs(picture - middle) < np.abs(picture - ground)))

    discs, squares = (np.mean([covered_share(label) for _ in range(24)]) for label in (0, 2))
    assert discs == pytest.approx(squares, rel=0.1)
