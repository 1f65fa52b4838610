import numpy as np
import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.tasks.infer import scoring
from kaggle_prz.tasks.infer.encode.encoded import Encoded

CODES = np.array([0, 1, 2])


def _classes(**more):
    return Encoded("classes", "label", tuple("abc"), CODES, "", **more)


def test_a_metric_that_is_given_is_taken():
    scored = scoring.settle(scoring.said("Log Loss", "Multiclass Loss"), _classes())
    assert (scored.name, scored.rule, scored.warning) == ("log_loss", "given", "")


def test_else_that_of_the_host():
    scored = scoring.settle(scoring.said(None, "Categorization Accuracy"), _classes())
    assert (scored.name, scored.rule) == ("accuracy", "its host gives Categorization Accuracy")


@pytest.mark.parametrize("given", [("Custom Metric", None), (None, "Kendall's tau")])
def test_else_a_default_with_a_warning(given):
    scored = scoring.settle(scoring.said(*given), _classes())
    assert scored.name == "accuracy"
    assert "a metric with --metric" in scored.warning


def test_a_person_may_not_name_an_unknown_one():
    with pytest.raises(UsageError, match="Kendall"):
        scoring.said("Kendall's tau", None)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (_classes(ordinal=True), "quadratic_kappa"),
        (Encoded("classes", "ranked", tuple("abc"), CODES, "", most_ranked=3), "map_at_3"),
        (Encoded("tags", "independent", ("a", "b"), CODES, "", soft=True), "rmse"),
        (Encoded("tags", "independent", ("a", "b"), CODES, ""), "roc_auc"),
        (Encoded("numbers", "number", ("a",), CODES, ""), "rmse"),
    ],
)
def test_defaults(labels, name):
    assert scoring.settle(scoring.said(None, None), labels).name == name


def test_a_metric_that_cannot_score_such_labels():
    with pytest.raises(UsageError, match="kappa can score classes; this task has numbers"):
        scoring.settle(
            scoring.said("quadratic_kappa", None), Encoded("numbers", "number", ("a",), CODES, "")
        )


def test_an_order_that_nobody_said_is_told():
    scored = scoring.settle(scoring.said("kappa", None), _classes())
    assert "order of the classes; the order is a, b, c" in scored.warning
