import numpy as np
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks import infer
from kaggle_prz.tasks.infer.pictures import pixel_rows

PIXELS = [f"pixel{number}" for number in range(16)]
LABELS = [0, 1, 2, 0, 1, 2]


@pytest.fixture
def sheets(tmp_path):
    """A competition whose tables hold pixels; `more` columns come first."""

    def write(ids=(1, 2, 3), more=("label",), test_ids=None, names=PIXELS):
        rows = [[k, *["x"] * (len(more) - 1), *range(16)] for k in LABELS]
        train = make_csv([*more, *names], *rows)
        test = [list(range(16)) for _ in ids]
        head = list(names)
        if test_ids is not None:
            head, test = ["id", *head], [[i, *r] for i, r in zip(test_ids, test, strict=True)]
        sample = make_csv(["ImageId", "Label"], *[(i, 0) for i in ids])
        tables = {"train.csv": train, "test.csv": make_csv(head, *test), "sample_sub.csv": sample}
        return make_tree(tmp_path / "files", tables, [])

    return write


def _read(root, **given):
    return infer.read(root, slug="digits", **given)


@pytest.mark.parametrize("names", [PIXELS, [f"{r}x{c}" for r in range(4) for c in range(4)]])
def test_a_pixel_a_column(sheets, names):
    task = _read(sheets(names=names))
    assert task.train_files.tolist() == [f"train.csv#{row}" for row in range(6)]
    assert task.test_files.tolist() == ["test.csv#0", "test.csv#1", "test.csv#2"]
    assert (task.labels.tolist(), task.channels) == (LABELS, 3)


def test_rows_may_count_from_0(sheets):
    assert _read(sheets(ids=(2, 0, 1))).test_files.tolist() == [f"test.csv#{n}" for n in (2, 0, 1)]


def test_rows_may_have_ids(sheets):
    task = _read(sheets(ids=("b", "a"), test_ids=("a", "b")))
    assert task.test_files.tolist() == ["test.csv#1", "test.csv#0"]


def test_ids_of_the_training_table(sheets):
    task = _read(sheets(more=("label", "fold")), id_column=None)
    assert task.train_ids.tolist() == [str(row) for row in range(6)]
    with pytest.raises(UsageError, match=r"train\.csv has no column 'image' \(--id-column\)"):
        _read(sheets(), id_column="image")


def test_pixels_in_one_cell(tmp_path):
    cell = " ".join(["7"] * 16)
    tables = {
        "train.csv": make_csv(["emotion", "pixels"], *[(k, cell) for k in LABELS]),
        "test.csv": make_csv(["pixels"], [cell], [cell]),
        "sample_submission.csv": make_csv(["id", "emotion"], (1, 0), (2, 0)),
    }
    task = _read(make_tree(tmp_path / "files", tables, []))
    assert task.test_files.tolist() == ["test.csv#0", "test.csv#1"]
    assert task.classes == ("0", "1", "2")


@pytest.fixture
def stacks(tmp_path):
    """A competition of two arrays of `(n, *shape)`."""

    def write(shape=(4, 4), ids=(0, 1), table=None):
        tables = {
            "train.csv": table or make_csv(["id", "label"], *enumerate(LABELS)),
            "sample_submission.csv": make_csv(["id", "label"], *[(i, 0) for i in ids]),
        }
        root = make_tree(tmp_path / "files", tables, [])
        np.save(root / "train_images.npy", np.zeros((6, *shape), np.uint8))
        np.save(root / "test_images.npy", np.zeros((len(ids), *shape), np.uint8))
        return root

    return write


@pytest.mark.parametrize(
    ("shape", "channels"),
    [((4, 4), 3), ((4, 4, 1), 3), ((4, 4, 3), 3), ((40, 40, 5), 5), ((2, 40, 40), 2)],
)
def test_a_stack_of_arrays(stacks, shape, channels):
    task = _read(stacks(shape))
    assert task.train_files.tolist() == [f"train_images.npy#{row}" for row in range(6)]
    assert task.test_files.tolist() == ["test_images.npy#0", "test_images.npy#1"]
    assert task.channels == channels


def test_a_stack_is_joined_by_number(stacks):
    order = [3, 1, 0, 2, 5, 4]
    table = make_csv(["id", "label"], *[(row, LABELS[row]) for row in order])
    task = _read(stacks(ids=(2, 1), table=table))
    assert task.train_files.tolist() == [f"train_images.npy#{row}" for row in order]
    assert task.test_files.tolist() == ["test_images.npy#1", "test_images.npy#0"]


def test_a_table_without_ids_is_in_the_order_of_the_stack(stacks):
    task = _read(stacks(table=make_csv(["label"], *[[k] for k in LABELS])))
    assert task.labels.tolist() == LABELS
    assert task.train_files.tolist()[-1] == "train_images.npy#5"


def test_ids_that_are_no_numbers_are_in_the_order_of_the_stack(stacks):
    task = _read(stacks(ids=("a", "b")))
    assert task.test_files.tolist() == ["test_images.npy#0", "test_images.npy#1"]
    assert any("order" in warning for warning in task.warnings)


def test_arrays_one_a_file(tmp_path):
    tables = {
        "train.csv": make_csv(["id", "label"], *[(f"a{n}", k) for n, k in enumerate(LABELS)]),
        "sample_submission.csv": make_csv(["id", "label"], ("b0", 0)),
    }
    root = make_tree(tmp_path / "files", tables, ["train/a0.npy", "test/b0.npy"])
    for name in [f"train/a{n}" for n in range(6)] + ["test/b0"]:
        np.save(root / f"{name}.npy", np.zeros((8, 8, 6), np.float32))
    task = _read(root)
    assert (task.train_files[0], task.test_files[0], task.channels) == (
        "train/a0.npy", "test/b0.npy", 6,
    )  # fmt: skip


def test_an_array_that_is_none(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match=r"a\.npy is not an array that NumPy can read"):
        pixel_rows.channels(tmp_path, "a.npy")
    np.save(tmp_path / "b.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"has the shape \(3,\)"):
        pixel_rows.channels(tmp_path, "b.npy")


def test_a_column_that_is_there_twice_is_read_once(tmp_path):
    pixel = ",".join(f"pixel{n}" for n in range(16))
    dots = ",".join(str(n) for n in range(16))
    rows = [f"{n % 3},{dots},{n % 3}" for n in range(12)]
    (tmp_path / "train.csv").write_text("\n".join([f"label,{pixel},label", *rows]))
    (tmp_path / "test.csv").write_text("\n".join([pixel, *[dots] * 4]))
    sample = "\n".join(["ImageId,Label", *(f"{n},0" for n in range(1, 5))])
    (tmp_path / "sample_submission.csv").write_text(sample)
    task = infer.read(tmp_path, slug="digits")
    assert task.classes == ("0", "1", "2")
    assert task.labels.tolist() == [n % 3 for n in range(12)]
