"""Difficult files from `fit` to a graded submission: unknown tags, pages, deep pixels."""

import numpy as np
import pytest
from support.competitions.kinds import KINDS

import kaggle_prz as prz

pytestmark = [pytest.mark.keras, pytest.mark.full]


@pytest.mark.parametrize(
    "name",
    [
        "tags-with-blanks",
        "slices-in-pages",
        "exposure-of-16-bit-png",
        "long-with-reader",
        "index-in-words",
        "a-class-and-its-confidence",
    ],
)
def test_a_kind_is_trained_on_and_graded(tmp_path, name):
    kind = KINDS[name]
    drawn = kind.draw(tmp_path / "files", 0)
    run = prz.fit(
        str(drawn.root),
        backbone="tiny",
        weights="none",
        sizes=(16,),
        folds=2,
        epochs=1,
        output_dir=tmp_path / "runs",
        **kind.options,
    )
    assert np.isfinite(run.score)
    assert np.isfinite(drawn.grade(run.path / "submission.csv"))
