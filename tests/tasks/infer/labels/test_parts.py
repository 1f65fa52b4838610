import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
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


CASES = [f"c{row // 3}" for row in range(24)]
BY_CASE = {case: NAMES[row // 3] for row, case in enumerate(CASES)}
PHOTOS = make_csv(("id", "case", "site"), *zip(IDS, CASES, "uvwx" * 6, strict=True))


@pytest.fixture
def through(tmp_path):
    """Read a competition whose `train.csv` has cases, beside these tables."""

    def run(tables, train=PHOTOS, target="kind", **options):
        sample = make_csv(("id", target), ("b", ""), ("c", ""))
        content = {"sample_submission.csv": sample, "train.csv": train} | tables
        root = make_tree(tmp_path / "files", content, IMAGES)
        return infer.read(root, slug="x", **options)

    return run


def _kinds(rows=None, header=("case", "kind")):
    return make_csv(header, *(BY_CASE.items() if rows is None else rows))


def _said(task):
    return {each.name: each.value for each in task.evidence}


def test_labels_of_another_table_are_joined_by_a_key(through):
    task = through({"kinds.csv": _kinds()})
    assert list(_labels(task).values()) == [BY_CASE[case] for case in CASES]
    assert _said(task)["labels"] == "train.csv: kind of kinds.csv by case"
    assert _said(task)["group"] == "case"
    assert task.groups.tolist() == CASES


def test_quantities_of_a_key_are_its_own_and_its_group(through):
    ages = _kinds([(case, f"{k}.5") for k, case in enumerate(BY_CASE)], ("case", "age"))
    task = through({"ages.csv": ages}, target="age")
    assert task.kind == "numbers"
    assert _said(task)["group"] == "case"


def test_classes_that_are_columns_of_the_sample_are_joined(through, tmp_path):
    sample = make_csv(("id", "cat", "dog", "elk"), ("b", 0.3, 0.3, 0.4), ("c", 0.3, 0.3, 0.4))
    header = ("case", "what")
    task = through({"kinds.csv": _kinds(header=header), "sample_submission.csv": sample})
    assert _said(task)["labels"] == "train.csv: what of kinds.csv by case"
    assert task.cell == "probabilities"


def test_a_coarser_group_holds_the_key_together(through):
    rows = zip(IDS, CASES, [f"s{row // 6}" for row in range(24)], strict=True)
    task = through({"kinds.csv": _kinds()}, make_csv(("id", "case", "site"), *rows))
    assert _said(task)["group"] == "site"


def test_a_table_whose_name_says_old_is_not_joined(through):
    swapped = _kinds([(case, "cat") for case in BY_CASE])
    task = through({"kinds.csv": _kinds(), "old_kinds.csv": swapped})
    assert set(_labels(task).values()) == {"cat", "dog", "elk"}


def test_labels_beside_the_images_are_not_replaced(through):
    train = make_csv(("id", "case", "label"), *zip(IDS, CASES, NAMES, strict=True))
    assert _said(through({"kinds.csv": _kinds()}, train))["labels"] == "train.csv: label"


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"k.csv": _kinds(list(BY_CASE.items())[:6])}, "only 75% of case in train.csv are in k"),
        ({"k.csv": _kinds([*BY_CASE.items(), ("c0", "elk")])}, "several rows with the case 'c0'"),
    ],
)
def test_a_key_that_gives_no_label(through, tables, why):
    with pytest.raises(DataError, match=why):
        through(tables, PHOTOS.replace("site", "x"))
