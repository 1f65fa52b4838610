import csv
import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from kaggle_prz.competitions.embedded.elpv import BLOCK_ROWS, CLASSES, Elpv
from kaggle_prz.core.errors import DataError, MissingExtraError


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


def _package() -> tuple[Path, list[list[str]]]:
    spec = importlib.util.find_spec("elpv_dataset")
    root = Path(spec.submodule_search_locations[0]) / "data"
    return root, [line.split() for line in (root / "labels.csv").read_text().splitlines()]


@pytest.fixture
def miniature(tmp_path: Path) -> Path:
    """A package's data folder of the same form: 10 blocks, each picture its row number."""
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    lines = []
    for row in range(10 * BLOCK_ROWS):
        (root / "images" / f"cell{row:04d}.png").write_bytes(str(row).encode())
        defect = ("0.0", "1.0", "0.3333333333333333")[row % 3]
        kind = "poly" if row >= 5 * BLOCK_ROWS else "mono"
        lines.append(f"images/cell{row:04d}.png  {defect:20s} {kind}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return root


def test_the_real_data_is_split_by_whole_blocks(tmp_path):
    Elpv().materialise(tmp_path / "elpv")
    root, listed = _package()
    row_of = {(root / name).read_bytes(): row for row, (name, _, _) in enumerate(listed)}
    where = {}
    for part in ("train", "test"):
        paths = list((tmp_path / "elpv" / part).iterdir())
        where[part] = {path.stem: row_of[path.read_bytes()] for path in paths}
    blocks = {part: {row // BLOCK_ROWS for row in rows.values()} for part, rows in where.items()}
    assert not blocks["train"] & blocks["test"]
    assert len(blocks["test"]) == 22
    assert len(where["train"]) + len(where["test"]) == 2223

    def truth(row: int) -> str:
        _, defect, kind = listed[row]
        return f"{kind}_{'defect' if float(defect) else 'intact'}"

    for name, label, block in _rows(tmp_path / "elpv" / "train.csv"):
        row = where["train"][name]
        assert (truth(row), f"block_{row // BLOCK_ROWS:03d}") == (label, block)
    answers = Elpv().answers()
    assert answers.ids.tolist() == [row[0] for row in _rows(tmp_path / "elpv" / "test.csv")]
    for name, label in zip(answers.ids.tolist(), answers.labels, strict=True):
        assert truth(where["test"][name]) == CLASSES[label]


def test_every_class_has_a_fair_share_in_the_test():
    answers = Elpv().answers()
    counts = np.bincount(answers.labels, minlength=4)
    shares = counts / np.array([588, 313, 920, 402])
    assert np.all((shares > 0.17) & (shares < 0.23))
    for label in range(4):
        public = np.mean(answers.usage[answers.labels == label] == "public")
        assert public == pytest.approx(0.3, abs=0.01)


def test_doubtful_photographs_are_left_out(miniature, tmp_path):
    Elpv(data=miniature).materialise(tmp_path / "elpv")
    pictures = list((tmp_path / "elpv").rglob("*.png"))
    assert len(pictures) == 160
    assert all(int(path.read_bytes()) % 3 < 2 for path in pictures)


def test_ids_and_order_tell_nothing_of_the_package_order(miniature, tmp_path):
    Elpv(data=miniature).materialise(tmp_path / "elpv")
    paths = sorted((tmp_path / "elpv").rglob("*.png"), key=lambda path: path.name)
    rows = np.array([int(path.read_bytes()) for path in paths])
    assert abs(np.corrcoef(rows, np.arange(len(rows)))[0, 1]) < 0.2
    for table in ("train.csv", "test.csv", "sample_submission.csv"):
        ids = [row[0] for row in _rows(tmp_path / "elpv" / table)]
        assert ids == sorted(ids)
        assert len(set(ids)) == len(ids)


def test_copies_are_written_in_the_order_of_the_ids(miniature, tmp_path, monkeypatch):
    copied = []

    def refuse(source: Path, target: Path) -> None:
        copied.append(target.name)
        raise OSError("links are not supported")

    monkeypatch.setattr(os, "link", refuse)
    Elpv(data=miniature).materialise(tmp_path / "elpv")
    assert copied == sorted(copied)
    assert len(list((tmp_path / "elpv").rglob("*.png"))) == 160


def test_a_seed_gives_the_same_split_and_another_seed_another(miniature):
    first, again, other = (Elpv(seed=seed, data=miniature).answers() for seed in (1, 1, 2))
    assert first.ids.tolist() == again.ids.tolist()
    assert first.usage.tolist() == again.usage.tolist()
    assert first.ids.tolist() != other.ids.tolist()


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"kaggle-prz\[demo\]"):
        Elpv().materialise(tmp_path / "elpv")
    assert not (tmp_path / "elpv").exists()


@pytest.mark.parametrize("content", [None, "images/cell0001.png mono\n", "a half mono\n"])
def test_a_broken_package_is_a_sentence(miniature, content):
    table = miniature / "labels.csv"
    table.unlink() if content is None else table.write_text(content)
    with pytest.raises(DataError, match="Install elpv-dataset again"):
        Elpv(data=miniature).answers()


def test_a_missing_photograph_is_a_sentence(miniature, tmp_path):
    (miniature / "images" / "cell0000.png").unlink()
    with pytest.raises(DataError, match=r"cell0000\.png is missing"):
        Elpv(data=miniature).materialise(tmp_path / "elpv")
    assert not (tmp_path / "elpv").exists()
