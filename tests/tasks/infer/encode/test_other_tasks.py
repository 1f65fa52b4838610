import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import other_tasks


def _name(found):
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("column", "cells", "task"),
    [
        ("EncodedPixels", ["1 3 9 4", "5 2"], "segmentation"),
        ("box", ["[1, 2, 2, 9]", "[3, 3, 5, 5]"], "object detection"),
        ("text", ["a cat on the mat", "two dogs in the rain"], "captioning"),
        ("label", ["a cat on the mat", "two dogs in the rain"] * 4, None),
        ("label", ["1 3 9 4", "5 2 1 7"], None),
        ("label", ["red oak", "sugar maple"], None),
        ("boxes", ["3", "1", "2"], None),
    ],
)
def test_labels_of_other_tasks(column, cells, task):
    assert _name(other_tasks.of_labels(column, cells)) == task


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["0.9 10 20 30 40"], "object detection"),
        (["1.0 0 0 50 50", "0.5 1 2 3 4 0.25 9 8 7 6", ""], "object detection"),
        (["14 1 0 0 1 1"], "object detection"),
        (["none 1 0 0 1 1", "opacity 0.5 100 100 200 200"], "object detection"),
        (["[834.0, 222.0, 56.0, 36.0]"], "object detection"),
        (["12.5 30.1"], "keypoint detection"),
        (["InChI=1S/H2O/h1H2"], None),
        (["8815 0.02"], None),
        (["cat 0.5"], None),
        (["1 3 10 5"], None),
        (["0 1 2 3 4"], None),
        (["w_1 w_2 w_3"], None),
        (["0.5"], None),
        (["-1"], None),
        (["a cat on the mat"], None),
        ([""], None),
    ],
)
def test_cells_whose_classes_are_unknown(cells, task):
    assert _name(other_tasks.of_cells(cells)) == task


@pytest.mark.parametrize(
    ("cells", "known", "task"),
    [
        (["1 3 10 5"], "ab", "segmentation"),
        (["1 3 10 5", "7 2 20 1 40 9"], "ab", "segmentation"),
        (["1 3 10 5"], ["1", "3", "5", "10"], None),
        (["1 2 3 4 5"], "ab", "object detection"),
        (["1 2 3 4 5"], "123", None),
        (["InChI=1S/H2O/h1H2"], "ab", "text recognition"),
        (["a cat on the mat"], ["a dog in a car"], "captioning"),
        (["Pipe on the wall"], ["Pipe on the wall", "Sky"], None),
        (["scab rust mildew rot"], "ab", None),
    ],
)
def test_cells_beside_classes(cells, known, task):
    assert _name(other_tasks.of_cells(cells, known)) == task


@pytest.mark.parametrize(
    ("column", "task"),
    [
        ("EncodedPixels", "segmentation"),
        ("rle_mask", "segmentation"),
        ("mask", None),
        ("bbox", "object detection"),
        ("PredictionString", None),
        ("Caption", "captioning"),
        ("landmarks", None),
        ("label", None),
    ],
)
def test_names_of_columns(column, task):
    assert _name(other_tasks.of_name(column)) == task


@pytest.mark.parametrize(
    ("columns", "cells", "task"),
    [
        (["EncodedPixels"], ["-1"], "segmentation"),
        (["EncodedPixels"], [""], "segmentation"),
        (["boxes"], ["3"], None),
        (["boxes"], [""], "object detection"),
        (["boxes"], ["1 0.5 1 2 3 4"], "object detection"),
        (["latex", "cotton"], ["0.5", "0.5"], None),
        (["latex", "cotton"], ["", ""], None),
        (["label", "bbox"], ["cat", ""], "object detection"),
        (["x", "y", "w", "h"], ["0", "0", "0", "0"], "object detection"),
        (["label"], ["cat"], None),
    ],
)
def test_sample_submissions(tmp_path, columns, cells, task):
    content = make_csv(["id", *columns], ["1", *cells])
    root = make_tree(tmp_path, {"sample_submission.csv": content}, [])
    assert _name(other_tasks.of_sample(tables.find_sample(root)[0])) == task


def test_corners_of_boxes():
    assert _name(other_tasks.of_columns(["xmin", "ymin", "xmax", "ymax"])) == "object detection"
    assert _name(other_tasks.of_columns(["h", "bbox_x", "bbox_y", "bbox_w", "bbox_h"])) is not None
    assert other_tasks.of_columns(["left", "right", "top", "bottom"]) is None


@pytest.mark.parametrize(
    ("columns", "points"),
    [
        (["x", "y"], True),
        (["left_eye_X", "nose_x", "nose_Y", "left_eye_y"], True),
        (["x1", "y1"], True),
        (["x", "y", "angle"], False),
        (["X4", "X11"], False),
        (["box", "boy"], False),
    ],
)
def test_points_are_pairs_of_columns(columns, points):
    assert (other_tasks.of_points(columns) is not None) == points
