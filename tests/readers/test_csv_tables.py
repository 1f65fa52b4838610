import pytest

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers import csv_tables

CONTENT = "id,näme\n007,Ä\nNA,\n"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_table_in_any_encoding(tmp_path, encoding):
    (tmp_path / "a.csv").write_bytes(CONTENT.encode(encoding))
    frame = csv_tables.read_csv(tmp_path / "a.csv")
    assert frame.columns.tolist() == ["id", "näme"]
    assert frame.to_numpy().tolist() == [["007", "Ä"], ["NA", ""]]
    assert csv_tables.header(tmp_path / "a.csv") == ["id", "näme"]


def test_bytes_of_no_windows_encoding_are_read_all_the_same(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"id,n\n1,\x81\xe4\n")
    assert csv_tables.read_csv(tmp_path / "a.csv")["n"].tolist() == ["\x81ä"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_with_any_separator(tmp_path, separator):
    lines = [["id", "name, in full" if separator != "," else "name"], ["1", "a b"]]
    content = "\n".join(separator.join(line) for line in lines)
    (tmp_path / "a.csv").write_text(content)
    assert csv_tables.read_csv(tmp_path / "a.csv").to_numpy().tolist() == [["1", "a b"]]


def test_separators_in_quotes_do_not_count(tmp_path):
    (tmp_path / "a.csv").write_text('"a;b;c",n\n1,2\n')
    assert csv_tables.read_csv(tmp_path / "a.csv").columns.tolist() == ["a;b;c", "n"]


def test_some_rows_and_columns_only(tmp_path):
    (tmp_path / "a.csv").write_text("id, n ,m\n1,2,3\n4,5,6\n")
    frame = csv_tables.read_csv(tmp_path / "a.csv", rows=1, columns=["n"])
    assert frame.to_numpy().tolist() == [["2"]]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_in_any_encoding(tmp_path, encoding):
    (tmp_path / "a.json").write_bytes('{"ä": ["ö"]}'.encode(encoding))
    assert csv_tables.read_json(tmp_path / "a.json") == {"ä": ["ö"]}


def test_an_object_a_line(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    assert csv_tables.read_json(tmp_path / "a.jsonl") == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    "content",
    ['{"a": 1', '{"a": 1}\n{"a"', "", "[" * 100_000, '{"a":' * 5000, "[" + "7" * 5000 + "]"],
    ids=["cut", "cut line", "empty", "deep", "deep objects", "long number"],
)
def test_what_is_no_json(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DataError, match=r"a\.json is not valid JSON.*download it again"):
        csv_tables.read_json(tmp_path / "a.json")


def test_names_of_columns_have_no_byte_order_marks(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeff\ufeff\ufefflabel,\ufeffb\n1,2\n".encode())
    assert csv_tables.header(tmp_path / "a.csv") == ["label", "b"]
    frame = csv_tables.read_csv(tmp_path / "a.csv", columns=["label"])
    assert frame.columns.tolist() == ["label"]


def test_names_of_columns_that_differ_by_blanks_only(tmp_path):
    (tmp_path / "a.csv").write_text("id,id \n1,2\n")
    with pytest.raises(DataError, match="several columns with the name 'id'"):
        csv_tables.read_csv(tmp_path / "a.csv")


def test_a_first_column_without_a_name_is_kept_where_asked(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text(",label,\na,x,1\nb,y,2\n")
    assert list(csv_tables.read_csv(path).columns) == ["label"]
    frame = csv_tables.read_csv(path, unnamed=True)
    assert frame.to_dict("list") == {csv_tables.UNNAMED: ["a", "b"], "label": ["x", "y"]}
