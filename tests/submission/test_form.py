import numpy as np
import pytest
from support.toys import make_task

from kaggle_prz import submission
from kaggle_prz.core.errors import SubmissionError

IDS = ["a", "b"]


@pytest.fixture
def written(tmp_path):
    """Return the text of a submission to a sample of this content, and its task."""

    def run(content, **task):
        sample, path = tmp_path / "sample.csv", tmp_path / "submission.csv"
        sample.write_text(content, newline="")
        given = {"id_column": "id", "target_columns": ("label",), "cell": "label"} | task
        made = make_task([0, 1], classes=["x", "y"], sample=sample, test_ids=IDS, **given)
        submission.write(path, made, np.array(IDS[::-1]), np.array([[0.1, 0.9], [0.8, 0.2]]))
        submission.validate(path, made)
        return path, made

    return run


@pytest.mark.parametrize(
    ("content", "id_column", "expected"),
    [
        (",id,label\n0,a,y\n1,b,y\n", "id", ",id,label\n0,a,x\n1,b,y\n"),
        ("Unnamed: 0,id,label\n1,a,\n2,b,\n", "id", "Unnamed: 0,id,label\n1,a,x\n2,b,y\n"),
        ('"",label\n"a","x"\n"b","x"\n', "", ",label\na,x\nb,y\n"),
        ("\ufefflabel ; id\ny; a\ny;b \n", "id", "label,id\nx,a\ny,b\n"),
        ("label,id,Usage\ny,a,Public\ny,b,\n", "id", "label,id,Usage\nx,a,Public\ny,b,\n"),
        ("id,label,\na,y,\nb,y,\n", "id", "id,label,\na,x,\nb,y,\n"),
        ("# say\nid,label\na\n\nb\n,\n", "id", "id,label\na,x\nb,y\n"),
    ],
)
def test_header_and_other_cells_are_the_samples(written, content, id_column, expected):
    path, _ = written(content, id_column=id_column)
    assert path.read_bytes().decode() == expected


def test_decimal_commas_are_written_as_in_the_sample(written):
    content = "id;label\na;0,5\nb;0,5\n"
    path, task = written(content, cell="probability")
    assert path.read_text() == "id;label\na;0,200000000000\nb;0,900000000000\n"
    path.write_text("id;label\na;0,2\nb;1,9\n")
    with pytest.raises(SubmissionError, match="row 'b': cells must be probabilities"):
        submission.validate(path, task)
    points = content.replace(",", ".").replace("0.5", "1")
    assert written(points, cell="probability")[0].read_text().startswith("id,label\na,0.2")


def test_copied_cells_must_be_the_samples(written):
    path, task = written("n,label,id\n0,y,a\n1,y,b\n")
    path.write_text("n,label,id\n0,x,a\n7,y,b\n")
    with pytest.raises(SubmissionError, match=r"row 'b': the column 'n' must be .* '1'; it is '7'"):
        submission.validate(path, task)
