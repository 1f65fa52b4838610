import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.tasks import infer

IDS = [f"a{row:02d}" for row in range(24)]
NAMES = ["cat", "dog", "elk"] * 8
ROWS = list(zip(IDS, NAMES, strict=True))
ROWS_BY_NUMBER = [(n, ("cat", "dog")[n % 2]) for n in range(8)]
IMAGES = [f"train/{name}.jpg" for name in IDS] + ["test/b.jpg", "test/c.jpg"]


@pytest.fixture
def read(tmp_path):
    """Read a competition with these rows by name of their table."""

    def run(images=IMAGES, header=("id", "label"), **tables):
        sample = "id,label\nb,cat\nc,dog\n"
        written = {f"{name}.csv": make_csv(header, *rows) for name, rows in tables.items()}
        root = make_tree(tmp_path / "files", {"sample_submission.csv": sample} | written, images)
        return infer.read(root, slug="x")

    return run


def _labels(task):
    names = [task.classes[code] for code in task.labels]
    return dict(zip(task.train_ids.tolist(), names, strict=True))


@pytest.mark.parametrize(
    "names",
    [("train_part1", "train_part2"), ("train", "valid"), ("fold0/rows", "fold1/rows"), ("a", "b")],
)
def test_tables_without_an_image_in_common_are_joined(read, names):
    task = read(**dict(zip(names, (ROWS[:10], ROWS[10:]), strict=True)))
    assert _labels(task) == dict(ROWS)
    assert task.warnings == ()
    (rule,) = [each.rule for each in task.evidence if each.name == "training images"]
    assert rule.endswith("2 tables joined")


def test_a_part_and_the_whole_are_not_joined(read):
    assert _labels(read(train=ROWS[:10], train_full=ROWS)) == dict(ROWS)


def test_external_rows_are_not_joined(read):
    task = read(train=ROWS[:16], external=ROWS[16:])
    assert _labels(task) == dict(ROWS[:16])
    assert "8 image(s) in train/ have no row in train.csv" in task.warnings[0]


def test_names_that_repeat_are_those_beside_the_table(read):
    files = [f"train/{kind}s/{n}" for kind in ("small", "large") for n in range(8)]
    tables = {f"train/{kind}s/labels": ROWS_BY_NUMBER for kind in ("small", "large")}
    task = read([*(f"{name}.jpg" for name in files), "test/b.jpg", "test/c.jpg"], **tables)
    assert _labels(task) == dict(zip(files, ["cat", "dog"] * 8, strict=True))
    assert sorted(path[:-4] for path in task.train_files.tolist()) == sorted(files)
