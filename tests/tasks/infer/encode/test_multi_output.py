"""Several columns of labels that are classes: heads, and what looks like them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz import metrics
from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks import infer
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import multi_output


@pytest.fixture
def encoded(tmp_path):
    """What columns of labels, each a string or a list, are taken for."""

    def read(metric=None, cells=None, melted=0, targets=None, **columns):
        matrix = pd.DataFrame({name: list(map(str, values)) for name, values in columns.items()})
        names = targets or list(columns)
        content = make_csv(["id", *names], ["t", *(cells or ["0"] * len(names))])
        sample = tables.find_sample(
            make_tree(tmp_path / "f", {"sample_submission.csv": content}, [])
        )[0]
        sample = tables.Sample(**(vars(sample) | {"melted": melted}))
        found = metrics.get(metric) if metric else None
        return multi_output.encode(sample, matrix, found)

    return read


def _heads(found):
    return {head.name: "".join(head.classes) for head in found.heads}


def test_names_in_columns_of_the_sample(encoded):
    found = encoded(colour="rbrb", shape="xyzx", cells=["r", "x"])
    assert (found.kind, found.cell, found.warnings) == ("heads", "label", ())
    assert _heads(found) == {"colour": "br", "shape": "xyz"}
    assert found.classes == ("colour_b", "colour_r", "shape_x", "shape_y", "shape_z")
    assert found.labels.tolist() == [[1, 0], [0, 1], [1, 2], [0, 0]]
    assert found.labels.dtype == np.int64
    assert found.indicators.sum(axis=0).tolist() == [2, 2, 2, 1, 1]


def test_numbers_beside_names_are_classes_in_order_of_their_values(encoded):
    found = encoded(colour="rbrb", sides=[10, 9, 10, 3], cells=["r", "3"])
    assert found.heads[1].classes == ("3", "9", "10")
    assert found.labels[:, 1].tolist() == [2, 1, 2, 0]


@pytest.mark.parametrize("metric", [None, "balanced_accuracy", "macro_f1"])
def test_numbers_of_classes(encoded, metric):
    found = encoded(metric, root=[0, 2, 1, 1], vowel=[0, 1, 0, 1])
    assert _heads(found) == {"root": "012", "vowel": "01"}
    assert len(found.warnings) == (metric is None)


@pytest.mark.parametrize(
    ("metric", "columns", "more"),
    [
        ("rmse", {"x": [0, 2, 1], "y": [0, 1, 0]}, {}),
        (None, {"x": [0, 2.5, 1], "y": [0, 1, 2]}, {}),
        (None, {"x": [0, 2, 1], "y": [0, 1, 2]}, {"cells": ["0.5", "1"]}),
        (None, {"x": [0] * 12, "y": ["?", *range(11)]}, {}),
        (None, {"x": [0, 7, 1], "y": [0, 1, 2]}, {}),
        (None, {"x": [0, -1, 1], "y": [0, 1, 2]}, {}),
        (None, {"x": range(30), "y": range(30)}, {}),
        (None, {"x": [0, 0, 1], "y": [0, 1, 1]}, {}),
        ("accuracy", {"x": [0, 0, 1], "y": [0, 1, 1]}, {}),
        ("accuracy", {"x": [1, 0, 0], "y": [0, 1, 1]}, {}),
    ],
    ids=[
        "metric for numbers", "fractions", "cells with fractions", "a cell that is no number",
        "gaps", "below 0", "many", "tags", "tags whatever the metric", "one of two columns",
    ],
)  # fmt: skip
def test_what_is_no_head(encoded, metric, columns, more):
    assert encoded(metric, **more, **columns) is None


def test_two_classes_a_head_where_the_metric_knows_no_tags(encoded):
    found = encoded("balanced_accuracy", x=[0, 0, 1], y=[0, 1, 1])
    assert _heads(found) == {"x": "01", "y": "01"}


def test_many_classes_of_a_melted_head(encoded):
    found = encoded(root=[*range(0, 90, 3)] * 4, vowel=[0, 1] * 60, melted=2)
    assert [len(head.classes) for head in found.heads] == [30, 2]
    assert encoded(count=range(60), other=[0, 1] * 30, melted=2) is None


@pytest.mark.parametrize(
    "names", [("skin_r", "skin_g", "eye_r", "eye_b"), ("1.a", "1.b", "2.a", "2.b")]
)
def test_one_1_a_prefix(encoded, names):
    columns = dict(zip(names, ([1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 0]), strict=True))
    found = encoded(**columns)
    assert (found.kind, found.cell, found.classes) == ("heads", "probabilities", names)
    assert list(_heads(found).values()) == (["rg", "rb"] if names[0] == "skin_r" else ["ab", "ab"])
    assert found.labels.tolist() == [[0, 1], [1, 1], [0, 0]]


def test_prefixes_of_several_words_and_classes_of_several_words(encoded):
    one = encoded(skin_tone_r=[1, 0], skin_tone_g=[0, 1], skin_type_r=[0, 1], skin_type_b=[1, 0])
    assert _heads(one) == {"skin_tone": "rg", "skin_type": "rb"}


def test_classes_of_several_words_beside_shared_prefixes(encoded):
    two = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    found = encoded(
        hair_color_dark_brown=two[0], hair_color_dark_red=two[1], hair_color_blond=two[2],
        hair_length_very_short=[1, 0, 1], hair_length_long=[0, 1, 0],
        shape_round=[0, 0, 1], shape_square=[1, 1, 0],
    )  # fmt: skip
    assert [(head.name, head.classes) for head in found.heads] == [
        ("hair_color", ("dark_brown", "dark_red", "blond")),
        ("hair_length", ("very_short", "long")),
        ("shape", ("round", "square")),
    ]
    assert found.labels.tolist() == [[0, 0, 1], [1, 1, 1], [2, 0, 0]]


def test_names_of_outputs_that_begin_alike(encoded):
    found = encoded(
        hair=["curly", "straight"], hair_color=["red", "dark brown"],
        targets=["hair_curly", "hair_color_red", "hair_straight", "hair_color_dark_brown"],
    )  # fmt: skip
    assert [(head.name, head.classes) for head in found.heads] == [
        ("hair", ("curly", "straight")), ("hair_color", ("red", "dark_brown")),
    ]  # fmt: skip
    assert found.labels.tolist() == [[0, 0], [1, 1]]


def test_columns_called_after_values_alone(encoded):
    found = encoded(
        kind=["cat", "dog", "cat"], fur=["long", "short", "bare"],
        targets=["long", "cat", "short", "bare", "dog"],
    )  # fmt: skip
    assert [(head.name, head.classes) for head in found.heads] == [
        ("kind", ("cat", "dog")), ("fur", ("long", "short", "bare")),
    ]  # fmt: skip
    assert found.labels.tolist() == [[0, 0], [1, 1], [0, 2]]


def test_tags_of_which_a_prefix_has_two_in_a_row_are_none(encoded):
    assert encoded(a_x=[1, 0], a_y=[1, 1], b_x=[1, 0], b_y=[0, 1]) is None


def test_names_that_the_samples_columns_end_in(encoded):
    found = encoded(
        colour=["red", "dark blue", "red"], shape=[2, 1, 1],
        targets=["Shape_1", "Colour_dark_blue", "Colour_red", "Shape_2", "Colour_green"],
    )  # fmt: skip
    assert (found.kind, found.cell) == ("heads", "probabilities")
    assert [(head.name, head.classes) for head in found.heads] == [
        ("colour", ("dark_blue", "red", "green")), ("shape", ("1", "2")),
    ]  # fmt: skip
    assert found.labels.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert found.classes[:3] == ("Colour_dark_blue", "Colour_red", "Colour_green")


def test_classes_and_quantities_at_once_are_refused(encoded):
    with pytest.raises(
        DataError, match=r"'colour' has classes such as 'r', and 'weight' .* such as '0.5'"
    ):
        encoded(colour="rb", weight=[1, 0.5])


def test_a_head_with_one_class_has_nothing_to_learn(encoded):
    with pytest.raises(DataError, match="every output; all rows have the same 'shape'"):
        encoded(colour="rb", shape="xx", cells=["r", "x"])


def test_cells_that_are_none_of_the_labels(encoded):
    (warning,) = encoded(colour="rb", shape="xy", cells=["r", "-1"]).warnings
    assert "sample's cells (-1) are not among the labels (x, y" in warning
    with pytest.raises(DataError, match=r"has numbers .* 'shape' are names \(x, y\).*--labels"):
        encoded(colour="rb", shape="xy", cells=["r", "0"])


def test_weights_of_heads(encoded):
    found = encoded(colour="rb", shape="xy", cells=["r", "x"])
    assert [head.weight for head in multi_output.weighted(found, {"shape": 2}).heads] == [1, 2]
    with pytest.raises(UsageError, match="'size', but the outputs are colour, shape"):
        multi_output.weighted(found, {"size": 2})


def _badges(path: Path, header: str, *rows: str, sample: str, toml: str = "") -> Path:
    names = [f"train/t{k}.png" for k in range(len(rows))]
    lines = [f"id,{header}", *(f"t{k},{row}" for k, row in enumerate(rows))]
    root = make_tree(
        path,
        {
            "train.csv": "\n".join(lines) + "\n",
            "sample_submission.csv": sample,
            "competition.toml": toml,
        },
        [*names, "test/u0.png", "test/u1.png"],
    )
    return Path(root)


def test_a_task_of_heads(tmp_path):
    root = _badges(
        tmp_path, "colour,shape,patient", "r,x,p", "b,y,p", "r,,q", "b,x,q", "r,y,s", "r,x,s",
        sample="id,shape,colour\nu0,x,r\nu1,x,r\n", toml="head_weights = { colour = 3 }",
    )  # fmt: skip
    task = infer.read(root, slug="badges", metric="macro f1")
    assert (task.kind, task.cell, task.metric) == ("heads", "label", "macro_f1")
    assert [(head.name, head.weight) for head in task.heads] == [("shape", 1), ("colour", 3)]
    assert len(task.labels) == 5
    assert set(task.groups) == {"p", "q", "s"}
    assert "have no label and are skipped: t2" in task.warnings[0]
    told = {each.name: f"{each.value}: {each.rule}" for each in task.evidence}
    assert told["outputs"] == "shape (2), colour (2): 2 labels per row, colour has weight 3"
    assert told["metric"] == "macro_f1: given; the mean over outputs"
    alone = task.of_head(1)
    assert (alone.kind, alone.classes, alone.target_columns) == ("classes", ("b", "r"), ("colour",))
    assert alone.labels.tolist() == task.labels[:, 1].tolist()


def test_a_metric_that_has_no_mean_over_heads(tmp_path):
    root = _badges(
        tmp_path, "colour,shape", "r,x", "b,y", sample="id,colour,shape\nu0,r,x\nu1,r,x\n"
    )
    with pytest.raises(UsageError, match=r"MAP@5 cannot be averaged over several .*--metric"):
        infer.read(root, slug="badges", metric="MAP@5")


def test_weights_where_labels_have_no_heads(tmp_path):
    root = _badges(
        tmp_path, "colour", "r", "b", sample="id,colour\nu0,r\nu1,r\n",
        toml="head_weights = { colour = 3 }",
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"'colour', but the labels have no outputs\. Correct"):
        infer.read(root, slug="badges")
