import pytest

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers import csv_tables

BODY = [["a1", "x", "red one"], ["a2", "y", "u"], ["a3", "x", "v"], ["a4", "y", "w"]]


@pytest.fixture
def read(tmp_path):
    """Return header and rows of a table of this content."""

    def run(content):
        (tmp_path / "a.csv").write_text(content, newline="")
        frame = csv_tables.read_csv(tmp_path / "a.csv")
        assert csv_tables.header(tmp_path / "a.csv") == frame.columns.tolist()
        return [frame.columns.tolist(), *frame.to_numpy().tolist()]

    return run


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("id,n\na,1,\nb,2,,\nc\n", [["id", "n"], ["a", "1"], ["b", "2"], ["c", ""]]),
        ("# of June\n# by us, all\nid,n\na,1\n# and\nb,2\n", [["id", "n"], ["a", "1"], ["b", "2"]]),
        ("#id,n\n#1,x\n#2,y\n", [["#id", "n"], ["#1", "x"], ["#2", "y"]]),
        ("sep=;\r\nid;n\r\na;x,y\r\n", [["id", "n"], ["a", "x,y"]]),
        ("\n\nid;n\n\na;x\n", [["id", "n"], ["a", "x"]]),
        ("id|n\na|x y\n", [["id", "n"], ["a", "x y"]]),
        ('"id,n"\n"a,x"\n"b,y"\n', [["id", "n"], ["a", "x"], ["b", "y"]]),
        ('id,n\na,"x\nb,y\nc,"x\nd,x\n', [["id", "n"], *map(list, ("ax", "by", "cx", "dx"))]),
        ('id,n\na,"x\nb,y\nc,x"\nd,x\n', [["id", "n"], *map(list, ("ax", "by", "cx", "dx"))]),
        ('id,n\na,x"\nb,x\nc,"x""\nd,y\n', [["id", "n"], *map(list, ("ax", "bx", "cx", "dy"))]),
        ('id,n\na,12"\nb,9"\n', [["id", "n"], ["a", '12"'], ["b", '9"']]),
        ('id,n\na1,"x\ny, z"\nb1,x\n', [["id", "n"], ["a1", "x\ny, z"], ["b1", "x"]]),
        ('id,n\na1,"x\nof it,y"\nb2,x\n', [["id", "n"], ["a1", "x\nof it,y"], ["b2", "x"]]),
        ('id,n,m\n"a",u,"x\nb,v,y\n', [["id", "n", "m"], ["a", "u", "x"], ["b", "v", "y"]]),
    ],
)
def test_what_is_not_quite_csv(read, content, rows):
    assert read(content) == rows


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id,n\na,1\nb,2,c\n", r"line 3, has 3 cells, and its header has 2 \(id, n\)\. Put cells"),
        ("id;n\na;x\nb;y;z\n", "with a semicolon in them between quotation marks"),
        ("id,n\na,0,5\nb,1,25\n", "line 2, has 3 cells.*decimal commas.*semicolons"),
        ("of June\nid,n\na,b\n", "line 2, has 2 cells.*as have all.*remove line 1 if it is no"),
        ('id,n\na,"x, y\nb,z\n', "line 2, has a quotation mark without a partner: a,"),
        ('id,n\na,b\nc,"d', "ends within a cell, in line 3: it is incomplete. Download it again"),
        ("", "is empty.*Download it again"),
        ("<!doctype html>\n<p>\n", "is a web page instead of a table. Download it again"),
        ("a\1\0b,c\n", "holds something other than text"),
    ],
)
def test_what_is_refused_with_its_line(read, content, why):
    with pytest.raises(DataError, match=why):
        read(content)


def test_commas_belong_to_the_column_of_text(read):
    header = "id,label,remark\n"
    rows = ["a1,x,red one", "a2,y,u", "a3,x,far, in fog,or so", "a4,y,w"]
    assert read(header + "\n".join(rows))[3] == ["a3", "x", "far, in fog,or so"]
    first = [["remark", "label"], *([row[2], row[1]] for row in BODY), ["far, in fog", "x"]]
    assert read("".join(",".join(row) + "\n" for row in first))[5] == ["far, in fog", "x"]


def test_commas_in_one_of_two_columns_of_text_are_refused(read):
    rows = "one,is a,say b\ntwo,is b,say a\nthree,is,not,so\n"
    with pytest.raises(DataError, match="line 4, has 4 cells"):
        read("id,this,that\n" + rows)


def test_lists_of_known_names_need_no_quotation_marks(read):
    rows = ["a,x", "b,y", "c,z", "d,x,y", "e,z,y", "f,x,y,z", "g,x"]
    assert read("id,tags\n" + "\n".join(rows))[4:7] == [["d", "x,y"], ["e", "z,y"], ["f", "x,y,z"]]
    with pytest.raises(DataError, match="line 5, has 3 cells"):
        read("id,tags\n" + "\n".join([*rows[:4], rows[6]]))
