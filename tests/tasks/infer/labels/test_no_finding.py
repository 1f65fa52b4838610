import numpy as np
import pandas as pd
import pytest

from kaggle_prz.tasks.infer.labels import no_finding
from kaggle_prz.tasks.infer.tables import Sample


def _sample(*columns):
    cells = pd.DataFrame([["0"] * len(columns)], columns=columns)
    return Sample(None, "id", columns, np.array(["q"]), cells)


@pytest.mark.parametrize("name", ["No Finding", "no_finding", "Normal", "healthy"])
def test_the_column_is_1_where_the_others_are_0(name):
    matrix = pd.DataFrame({"mass": list("0101"), "edema": list("0011")})
    whole, note = no_finding.computed(matrix, _sample(name, "edema", "mass"))
    assert whole.to_dict("list") == {
        name: list("1000"),
        "edema": list("0011"),
        "mass": list("0101"),
    }
    assert note.startswith(f"{name} is computed")
    assert "in 1 rows" in note


def test_where_a_finding_is_unknown_so_is_none():
    matrix = pd.DataFrame({"mass": ["0", "", "1", ""], "edema": ["0", "0", "", "1"]})
    whole, _ = no_finding.computed(matrix, _sample("mass", "edema", "No Finding"))
    assert whole["No Finding"].tolist() == ["1", "", "0", "0"]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (("mass", "edema", "cyst"), ("01", "01")),  # a class like others
        (("mass", "edema", "Normal"), ("03", "01")),  # numbers
        (("mass", "edema", "Normal"), ("01", "10")),  # a finding in each row
        (("mass", "edema", "Normal", "healthy"), ("01", "01")),
        (("mass", "edema", "cyst", "Normal"), ("01", "01")),
    ],
)
def test_other_columns_are_not_computed(columns, cells):
    matrix = pd.DataFrame({"mass": list(cells[0]), "edema": list(cells[1])})
    assert no_finding.computed(matrix, _sample(*columns)) is None


def test_blank_lists_are_the_class_of_none():
    values = np.array(["mass|edema", "", "edema", "mass", ""])
    named, note = no_finding.named(values, "|", _sample("mass", "edema", "No Finding"))
    assert named.tolist() == ["mass|edema", "No Finding", "edema", "mass", "No Finding"]
    assert note.startswith("2 rows with an empty list")
    assert no_finding.named(values[[0, 2, 3]], "|", _sample("mass", "edema", "No Finding")) is None
    assert no_finding.named(values, "|", _sample("mass", "edema", "cyst")) is None
