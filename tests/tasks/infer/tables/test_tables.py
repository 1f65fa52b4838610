import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks.infer import hints, tables
from kaggle_prz.tasks.infer import labels as layout_labels
from kaggle_prz.tasks.infer.pictures import files

SAMPLE = "id,label\n9,x\n"
IMAGES = ["test/9.png", *[f"train/{k}.png" for k in range(10)]]


@pytest.fixture
def labels(tmp_path):
    """Find the labels among tables."""

    def find(**more):
        named = {f"{name}.csv": content for name, content in more.items()}
        root = make_tree(tmp_path / "files", {"sample_submission.csv": SAMPLE, **named}, IMAGES)
        sample, _ = tables.find_sample(root)
        return layout_labels.find(root, sample, files.index(root), hints.Hints())

    return find


def _table(ids=range(10), values="abababABAB", header=("id", "label")) -> str:
    return make_csv(header, *zip(ids, values, strict=True))


def test_every_cell_is_text(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\n007,1.50\nNA,null\n,\n")
    frame = tables.read_csv(tmp_path / "a.csv")
    assert frame.to_numpy().tolist() == [["007", "1.50"], ["NA", "null"], ["", ""]]


def test_quotes_commas_and_newlines_belong_to_cells(tmp_path):
    (tmp_path / "a.csv").write_text('id,n\n"a,b","say ""no"""\n"c\nd",e\n')
    frame = tables.read_csv(tmp_path / "a.csv")
    assert frame.to_numpy().tolist() == [["a,b", 'say "no"'], ["c\nd", "e"]]


def test_a_column_without_a_name_is_left_out(tmp_path):
    (tmp_path / "a.csv").write_text(",id,n\n0,a,b\n1,c,d\n")
    assert tables.read_csv(tmp_path / "a.csv").columns.tolist() == ["id", "n"]


def test_a_row_that_ends_early_has_empty_cells(tmp_path):
    (tmp_path / "a.csv").write_text("id,n,m\na\nb,c\n")
    assert tables.read_csv(tmp_path / "a.csv").to_numpy().tolist() == [
        ["a", "", ""], ["b", "c", ""],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; a CSV file needs a header"),
        (b"id,n\n1,a\n1,b,c\n", r"line 3, has 3 cells, and its header has 2 \(id, n\)"),
        (b'id,n\n1,"2', "ends within a cell, in line 2: it is incomplete"),
        (None, "No such file"),
    ],
    ids=["empty", "ragged", "cut", "gone"],
)
def test_what_is_no_table_is_refused_with_its_path(tmp_path, content, told):
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=f"bad.csv.*{told}"):
        tables.read_csv(path)


def test_labels_are_the_table_whose_rows_are_images(labels):
    found = labels(train=_table(), test=_table(range(100, 110)), about="name,what\nx,y\n")
    assert (found.path.name, found.id_column) == ("train.csv", "id")
    assert found.rule == "100% of id name an image"
    assert found.column("label").tolist() == list("abababABAB")


@pytest.mark.parametrize("other", [_table(range(5, 15)), "class,name\n0,cat\n1,dog\n"])
def test_the_table_that_names_most_images_counts(labels, other):
    found = labels(a_few=other, train=_table())
    assert found.path.name == "train.csv"


def test_the_id_need_not_be_the_first_column(labels):
    table = make_csv(("row", "label", "image"), *[(100 + k, "ab"[k % 2], k) for k in range(10)])
    assert labels(train=table).id_column == "image"


def test_a_sample_submission_is_never_the_table_of_labels(labels):
    with pytest.raises(DataError, match=r"checked other\.csv"):
        labels(old_sample_submission=_table(), other="a,b\nx,y\n")


def test_without_labels_it_is_said_what_was_looked_at(labels):
    with pytest.raises(DataError, match=r"in train/; checked none\. One column must have"):
        labels()


def test_rows_that_are_repeated_word_for_word_count_once(labels):
    found = labels(train=_table([*range(10), 0], "abababABABa"))
    assert len(found.ids) == len(found.frame) == 10
    assert found.rule.endswith("; 1 repeated row(s) left out")


def test_rows_of_one_id_that_contradict_each_other(labels):
    with pytest.raises(DataError, match="has several rows with the id '0' that differ"):
        labels(train=_table([*range(10), 0], "abababABABx"))


def _with_twins(twins) -> str:
    rows = ((k, "ab"[k % 2], twin) for k, twin in zip(range(10), twins, strict=True))
    return make_csv(("id", "label", "twin"), *rows)


def test_another_column_of_ids_that_would_do_is_told(labels):
    found = labels(train=_with_twins(reversed(range(10))))
    assert found.id_column == "id"
    assert found.doubt == (
        "train.csv has several columns that name images (id, twin); id is used. To use another, "
        "choose it with --id-column."
    )


@pytest.mark.parametrize(
    "twins", [[f"{k}.png" for k in range(10)], ["x", "y", "z", *range(7)]], ids=["same", "fewer"]
)
def test_a_column_that_names_the_same_images_or_fewer_is_no_doubt(labels, twins):
    assert labels(train=_with_twins(twins)).doubt == ""


def test_another_table_of_labels_that_would_do_is_told(labels):
    found = labels(labels=_table(), other=_table(values="abababABBA"), same=_table())
    assert found.path.name == "labels.csv"
    assert "Both labels.csv and other.csv have labels of the training images" in found.doubt
    assert "same.csv" not in found.doubt
    assert labels(labels=_table(), same=_table(), other=_table(range(5), "ababa")).doubt == ""
