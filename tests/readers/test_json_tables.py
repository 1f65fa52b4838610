import json

import pytest

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers import json_tables

IMAGES = [{"id": 5, "file_name": "a.jpg"}, {"id": 3, "file_name": "b.jpg"}]


@pytest.fixture
def tables(tmp_path):
    """The tables of a JSON file with this content."""

    def read(content):
        (tmp_path / "a.json").write_text(json.dumps(content))
        return json_tables.tables(tmp_path / "a.json")

    return read


def _rows(frame, *columns):
    return frame[list(columns)].to_numpy().tolist()


def test_annotations_are_joined_by_image_id(tables):
    notes = [
        {"id": 0, "image_id": 3, "category_id": 12},
        {"id": 1, "image_id": 5, "category_id": 7},
    ]
    kinds = [{"id": 7, "name": "oak"}, {"id": 12, "name": "elm"}]
    joined, images = tables({"images": IMAGES, "annotations": notes, "categories": kinds})
    assert _rows(joined, "file_name", "image_id", "category_id", "category_name") == [
        ["a.jpg", "5", "7", "oak"],
        ["b.jpg", "3", "12", "elm"],
    ]
    assert _rows(images, "id", "file_name") == [["5", "a.jpg"], ["3", "b.jpg"]]


def test_several_annotations_of_an_image_are_a_list_of_categories(tables):
    notes = [{"id": n, "image_id": 5, "category_id": k} for n, k in enumerate([7, 2, 7])]
    joined, _ = tables({"images": IMAGES, "annotations": notes})
    assert _rows(joined, "file_name", "category_id") == [["a.jpg", "7 2"]]


def test_images_without_annotations_are_a_table(tables):
    (images,) = tables({"images": IMAGES, "info": {}})
    assert _rows(images, "id", "file_name") == [["5", "a.jpg"], ["3", "b.jpg"]]


@pytest.mark.parametrize(
    ("content", "columns", "rows"),
    [
        ([{"id": 1, "k": "a"}, {"id": 2}], ["id", "k"], [["1", "a"], ["2", ""]]),
        ([{"id": 1, "k": 3}, {"id": 2}], ["id", "k"], [["1", "3"], ["2", ""]]),
        ({"a.jpg": "cat", "b.jpg": "dog"}, ["id", "value"], [["a.jpg", "cat"], ["b.jpg", "dog"]]),
        ({"a": {"k": 1}, "b": {"k": 2}}, ["id", "k"], [["a", "1"], ["b", "2"]]),
        ({"id": ["a", "b"], "k": [1, 2]}, ["id", "k"], [["a", "1"], ["b", "2"]]),
        ({"a": ["x", "y"], "b": []}, ["id", "value"], [["a", "x y"], ["b", ""]]),
    ],
)
def test_other_forms(tables, content, columns, rows):
    (frame,) = tables(content)
    assert frame.columns.tolist() == columns
    assert frame.to_numpy().tolist() == rows


@pytest.mark.parametrize("content", [[], [1, 2], "text", None])
def test_what_holds_no_table_is_empty(tables, content):
    (frame,) = tables(content)
    assert frame.empty


def test_values_within_values_without_end(tmp_path):
    deep = "[" * 900 + "]" * 900
    (tmp_path / "a.json").write_text(f'{{"a": {deep}, "b": {deep}}}')
    with pytest.raises(DataError, match=r"a\.json (has too deeply nested|is not valid JSON)"):
        json_tables.tables(tmp_path / "a.json")


@pytest.mark.parametrize(("kinds", "several"), [((1, 1), 0), ((1, 2), 1)])
def test_images_of_several_categories_are_counted(tmp_path, kinds, several):
    notes = [{"image_id": 7, "category_id": kind, "bbox": [kind, 2, 3, 4]} for kind in kinds]
    content = {"images": [{"id": 7, "file_name": "a.jpg"}], "annotations": notes}
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content))
    assert json_tables.tables(path)[0].attrs[json_tables.SEVERAL] == several


def test_files_of_an_image_each_are_one_table(tmp_path):
    for name, content in (("a", '{"label": "cat", "age": 3}'), ("b", '\ufeff{"label": null}')):
        (tmp_path / f"{name}.json").write_text(content)
    frame = json_tables.of_many(tmp_path, ["a.json", "b.json"])
    assert frame.to_dict("list") == {
        json_tables.FILE: ["a", "b"],
        "label": ["cat", ""],
        "age": ["3", ""],
    }


def test_files_of_one_name_have_their_folder_in_it(tmp_path):
    for folder in "xy":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.json").write_text('{"label": 1}')
    frame = json_tables.of_many(tmp_path, ["x/a.json", "y/a.json"])
    assert frame[json_tables.FILE].tolist() == ["x/a", "y/a"]


@pytest.mark.parametrize(
    "content", ["[1]", '{"a": [1]}', '{"a"', "{}", '{"a": "' + 5000 * "x" + '"}']
)
def test_a_file_of_something_else_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.json").write_text('{"label": 1}')
    (tmp_path / "b.json").write_text(content)
    assert json_tables.described(tmp_path / "b.json") is None
    with pytest.raises(DataError, match=r"^b\.json must have one object .* as a\.json has"):
        json_tables.of_many(tmp_path, ["a.json", "b.json"])
