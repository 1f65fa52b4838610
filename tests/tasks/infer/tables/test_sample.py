import pytest

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks.infer.tables import sample as samples


@pytest.fixture
def read(tmp_path):
    """Read a sample submission of this content."""

    def run(content, *options):
        (tmp_path / "sample_sub.csv").write_text(content)
        return samples.read(tmp_path / "sample_sub.csv", *options)

    return run


@pytest.mark.parametrize(
    ("content", "column", "targets"),
    [
        ("id,label\na,x\nb,x\n", "id", ("label",)),
        (",label\na,x\nb,x\n", "", ("label",)),
        (",cat,dog\n0,1,1\n1,1,1\n", "", ("cat", "dog")),
        (",id,label\n0,a,x\n1,b,x\n", "id", ("label",)),
        ("Unnamed: 0,id,label\n7,a,x\n3,b,x\n", "Unnamed: 0", ("id", "label")),
        ("Unnamed: 0,id,label\n1,a,x\n2,b,x\n", "id", ("label",)),
        ("label,id\nx,a\nx,b\n", "id", ("label",)),
        ("label,id,Usage\nx,a,Public\nx,b,Private\n", "id", ("label",)),
        ("id,Usage,label\na,Public,x\nb,Public,x\n", "id", ("label",)),
        ("id,Usage,label\na,daily,x\nb,daily,x\n", "id", ("Usage", "label")),
        ("id,label,\na,x,\nb,x,\n", "id", ("label",)),
        ("n,id\n0,a\n1,b\n", "n", ("id",)),
    ],
)
def test_which_column_has_the_ids(read, content, column, targets):
    sample = read(content)
    assert (sample.id_column, sample.targets) == (column, targets)
    assert len(sample.ids) == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id\n1\n", r"it has 1 column\(s\) and 1 row"),
        ("id,label\n", r"it has 2 column\(s\) and 0 row"),
        ("id,a,a\n1,0,0\n", "several columns with the name 'a'"),
        ("id,\n1,0\n", "has no column to predict"),
        ("id,label\n1,a\n,a\n", r"has 1 row\(s\) without an id in its column 'id'"),
        ("id,label\n1,a\n 1,a\n", r"2 rows and only 1 .*row\(s\) are repeated word for word"),
        ("id,box,p\n1,a,0\n1,b,0\n2,a,0\n", r"'1' is in .*: 'box' tells its rows apart.*--sample"),
        ("id,p,q\n1,0,1\n1,0,2\n2,1,1\n1,0,2\n", "repeated word for word"),
        ("id,p,q\n1,a,b\n1,a,c\n1,b,b\n", "Every row must be one image"),
    ],
)
def test_a_sample_that_says_too_little(read, content, why):
    with pytest.raises(DataError, match=why):
        read(content)


def test_the_column_of_ids_may_be_said(read):
    content = "row,image,label\n1,a,x\n2,b,x\n"
    sample = read(content, "image")
    assert (sample.id_column, sample.targets) == ("image", ("label",))
    assert "row of sample_sub.csv are not predicted" in sample.notes[0]
    with pytest.raises(UsageError, match=r"'file' is not a column .* 'row', 'image', 'label'"):
        read(content, "file")


def test_a_target_of_several_leaves_the_others_as_they_are(read):
    sample = read("id,age,sex\na,1,f\nb,1,f\n", None, "age")
    assert sample.targets == ("age",)
    assert "sex of sample_sub.csv are not predicted" in sample.notes[0]
    assert read("id,age,sex\na,1,f\nb,1,f\n", None, "breed").targets == ("age", "sex")


def test_rows_of_empty_cells_are_no_rows(read):
    assert read("id,label\na,x\n,\nb,x\n,\n").ids.tolist() == ["a", "b"]


def test_decimal_commas_become_points(read):
    assert read("id;p\na;0,5\nb;0,25\n").cells["p"].tolist() == ["0.5", "0.25"]
