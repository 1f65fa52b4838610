import pytest

from kaggle_prz.readers import csv_dialect, csv_tables


@pytest.fixture
def dialect(tmp_path):
    """Return how a table of this content is written, and its header and rows."""

    def run(content):
        path = tmp_path / "a.txt"
        path.write_text(content, newline="")
        frame = csv_tables.read_csv(path)
        assert csv_tables.header(path) == frame.columns.tolist()
        return csv_dialect.of(path), [frame.columns.tolist(), *frame.to_numpy().tolist()]

    return run


@pytest.mark.parametrize(
    ("content", "last"),
    [
        ("image label\na0.png cat\na1.png dog\n", ["a1.png", "dog"]),
        ("a0.png cat\r\na1.png dog\r\n", ["a1.png", "dog"]),
        ("image label\n a0.png   cat\na1.png \t dog \n\n", ["a1.png", "dog"]),
        ("id\t\tlabel\n100\tcat\n100000\tdog\n", ["100000", "dog"]),
        ("label file\n0 train/a\n0 train/b\n", ["0", "train/b"]),
        ("image tags\na0.png cat,dog\na1.png cat\n", ["a1.png", "cat"]),
        ('image label\n"a 0.png" cat\na1.png "red fox"\n', ["a1.png", "red fox"]),
        ("id depth\n1 0,25\n2 1,05\n", ["2", "1.05"]),
    ],
)
def test_blanks_part_names_from_labels(dialect, content, last):
    found, rows = dialect(content)
    assert found.separator == csv_dialect.BLANKS
    assert rows[-1] == last


@pytest.mark.parametrize(
    "content",
    [
        "name\nfresh apple\nrotten apple\n",
        "fresh apple\nrotten apple\nfresh plum\n",
        "Acer rubrum\nQuercus robur\nBetula pendula\n",
        "Boeing 737\nBoeing 747\nAirbus 320\n",
        "image label\na0.png fresh apple\na1.png plum\n",
        "1 2 3 4\n5 6 7 8\n9 1 2 3\n",
        "image\na0.png\na1.png\n",
        "a0.png cat\n",
    ],
)
def test_words_of_one_cell_are_not_parted(dialect, content):
    _, rows = dialect(content)
    assert {len(row) for row in rows} == {1}


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        ("image,label\na0.png,fresh apple\na1.png,rotten plum\n", ","),
        ("image, label\na0.png, cat\na1.png, dog\n", ","),
        ("image\tlabel\na0.png\tcat\na1.png\tdog\n", "\t"),
        ("image;label\na0 1.png;cat\na1 1.png;dog\n", ";"),
    ],
)
def test_another_separator_goes_before_blanks(dialect, content, separator):
    assert dialect(content)[0].separator == separator
