import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks import infer

LABELS = make_csv(["id", "label"], *[(f"a{n}", "xy"[n % 2]) for n in range(8)])
IMAGES = [*[f"train/a{n}.png" for n in range(8)], *[f"test/b{n}.png" for n in range(4)]]


@pytest.fixture
def read(tmp_path):
    """Read a competition with this sample; other tables by name."""

    def run(sample, images=IMAGES, options=None, **tables):
        named = {f"{name}.csv": content for name, content in tables.items()}
        given = {"sample_submission.csv": sample, "train.csv": LABELS} | named
        root = make_tree(tmp_path / "files", given, images)
        return infer.read(root, slug="x", **(options or {}))

    return run


def _sample(*header, **columns):
    return make_csv(header, *zip(*columns.values(), strict=True))


B = [f"b{n}" for n in range(4)]


@pytest.mark.parametrize("ids", [B, [f"{name}.png" for name in B]])
def test_of_several_columns_the_one_that_names_files(read, ids):
    task = read(_sample("row", "label", "file", n=[0, 1, 2, 3], of="xyxy", ids=ids))
    assert (task.id_column, task.target_columns) == ("file", ("label",))
    assert task.test_files.tolist() == IMAGES[8:]
    evidence = {each.name: each.rule for each in task.evidence}
    assert evidence["row id"] == "its cells name images"


def test_ids_of_a_test_table(read):
    sample = _sample("label", "case", of="xyzw", ids=[9, 8, 7, 6])
    task = read(sample, test=_sample("file", "case", ids=B, of=[9, 8, 7, 6]))
    assert (task.id_column, task.test_files.tolist()) == ("case", IMAGES[8:])


def test_two_columns_that_name_images_are_noted(read):
    sample = _sample("id", "mirror", "label", ids=B, of=B[::-1], more="xxxx")
    task = read(sample, options={"target": "label"})
    assert task.id_column == "id"
    assert "may be the ids ('id', 'mirror'); 'id' is used" in " ".join(task.warnings)
    assert "--sample-id" in " ".join(task.warnings)


def test_ids_that_repeat_are_no_ids_because_labels_differ(read):
    sample = _sample("id", "label", ids=["b0", "b0", "b1", "b2"], of="xyzw")
    with pytest.raises(DataError, match=r"'b0' is in its column 'id' more than once.*--sample"):
        read(sample)


def test_a_sample_without_a_header(read):
    with pytest.raises(DataError, match="no header: its first line names an image, 'b0'"):
        read(make_csv(*[(name, "x") for name in B]))


def test_a_column_of_the_test_table_is_copied(read):
    sample = _sample("id", "width", "label", ids=B, of=[5, 6, 7, 8], more="xxxx")
    test = _sample("width", "id", of=[8, 7, 6, 5], ids=B[::-1])
    labels = LABELS.replace("label", "width,label").replace(",x", ",3,x").replace(",y", ",4,y")
    task = read(sample, test=test, train=labels)
    assert task.target_columns == ("label",)
    assert "width of sample_submission.csv are not predicted" in task.warnings[0]


@pytest.mark.parametrize(
    "form", ["https://x.org/t/{}.png", "http://x.org/{}.png?w=1&h=2#a", "s3://t/u/{}"]
)
def test_addresses_whose_last_part_names_a_file(read, form):
    task = read(_sample("url", "label", ids=[form.format(name) for name in B], of="xxxx"))
    assert task.test_files.tolist() == IMAGES[8:]


@pytest.mark.parametrize("images", [IMAGES[:8], [name.replace("b", "c") for name in IMAGES]])
def test_addresses_of_images_that_are_not_here(read, images):
    ids = [f"https://x.org/{name}.png" for name in B]
    with pytest.raises(DataError, match=r"addresses of images.*Download them first.*\(b0\.png\)"):
        read(_sample("url", "label", ids=ids, of="xxxx"), images=images)
