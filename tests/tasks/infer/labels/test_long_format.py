import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks import infer

IDS = [f"img{row:02d}" for row in range(12)]
TESTS = ["x_1", "x_2"]
HEADS = ("epidural", "any_bleed", "late_and_deep_bleed")
BITS = {name: [row % 2, row // 2 % 2, row % 3 % 2] for row, name in enumerate(IDS)}
IMAGES = [f"train/{name}.png" for name in IDS] + [f"test/{name}.png" for name in TESTS]
MELTED = make_csv(["ID", "Label"], *((f"{name}_{head}", 0.5) for name in TESTS for head in HEADS))
WIDE = make_csv(["ID", *HEADS], *((name, 0, 0, 0) for name in TESTS))
LONG = [(name, head, bit) for name in IDS for head, bit in zip(HEADS, BITS[name], strict=True)]


@pytest.fixture
def read(tmp_path):
    """Read a competition with this table of labels."""

    def run(header, rows, sample=MELTED, **options):
        tables = {"sample_submission.csv": sample, "train.csv": make_csv(header, *rows)}
        return infer.read(make_tree(tmp_path / "files", tables, IMAGES), slug="x", **options)

    return run


def _is_right(task, sample=MELTED):
    assert task.melted == (sample == MELTED)
    assert task.classes == HEADS
    found = dict(zip(task.train_ids.tolist(), task.labels.tolist(), strict=True))
    assert found == BITS


def test_endings_have_different_numbers_of_words(read):
    task = read(["ID", "Label"], [(f"{name}_{head}", bit) for name, head, bit in LONG])
    _is_right(task)
    assert task.test_ids.tolist() == TESTS


@pytest.mark.parametrize("header", [("ID", "Label"), ("ID", "label"), ("ID", "target")])
def test_the_labels_are_in_the_column_of_the_sample(read, header):
    rows = [(n, f"{name}_{head}", bit, 7) for n, (name, head, bit) in enumerate(LONG)]
    _is_right(read(["row", *header, "age"], rows))


def test_the_column_of_labels_may_be_chosen(read):
    rows = [(f"{name}_{head}", 1 - bit, bit) for name, head, bit in LONG]
    _is_right(read(["ID", "Label", "second"], rows, target="second"))


@pytest.mark.parametrize("sample", [MELTED, WIDE], ids=["melted", "wide"])
def test_the_output_may_have_a_column(read, sample):
    rows = [(f"p{int(name[-2:]) // 3}", head, name, bit) for name, head, bit in reversed(LONG)]
    task = read(["patient", "class", "image", "value"], rows, sample)
    _is_right(task, sample)
    assert task.groups.tolist() == [f"p{int(name[-2:]) // 3}" for name in task.train_ids]


def test_a_class_and_a_patient_are_no_long_table(read):
    sample = make_csv(["ID", "a", "b"], *((name, 0.5, 0.5) for name in TESTS))
    rows = [(name, f"p{n // 2}", "ab"[n % 2]) for n, name in enumerate(IDS)]
    task = read(["image", "patient", "label"], rows, sample)
    assert task.labels.tolist() == [0, 1] * 6


def test_readers_who_differ_vote(read):
    rows = [
        (f"{name}_{head}", reader, 1 - bit if reader == "r2" else bit)
        for name, head, bit in LONG
        for reader in ("r1", "r2", "r3")
    ]
    task = read(["ID", "Reader", "Label"], rows)
    _is_right(task)
    assert "36 of 36 images in train.csv have different labels by Reader" in task.warnings[0]


def test_an_output_that_is_missing_is_named(read):
    rows = [(f"{name}_{head}", bit) for name, head, bit in LONG[:-1]]
    with pytest.raises(DataError, match=r"each of 3 outputs once per image; 'img11' has 2 diff"):
        read(["ID", "Label"], rows)
    rows += [(f"{name}_{head}", 1 - bit) for name, head, bit in LONG[:1]]
    with pytest.raises(DataError, match=r"the id 'img00_epidural' that differ: Label is '0' and"):
        read(["ID", "Label"], rows)
