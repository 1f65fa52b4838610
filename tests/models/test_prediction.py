"""Predictions are those of the model, row by row, whatever the batches."""

import keras
import numpy as np
import pytest
from support.toy_nets import pictures
from support.toys import make_task, targets_of_five

from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build, build_model
from kaggle_prz.models.prediction import VIEWS, Answering, head_views, predict, views_of
from kaggle_prz.runs.plan import workload_of
from kaggle_prz.schedule.recipe import Recipe

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_model("tiny", image_size=16, classes=3)


PIXELS, _ = pictures(21)
ROWS = np.random.default_rng(3).permutation(21)[:11]


def directly(model, pixels):
    return np.asarray(model(pixels.astype("float32"), training=False))


@pytest.mark.parametrize("flips", [(), ("vertical",), ("horizontal", "vertical")])
def test_a_plan_counts_the_views_that_a_head_may_have(flips):
    views = head_views(flips)
    assert workload_of(Recipe(), make_task([0, 1] * 5, flips=flips)).head_views == len(views)
    assert set(views) <= set(VIEWS)


@pytest.mark.parametrize("batch_size", [4, 11, 64])
def test_rows_are_predicted_in_order_with_the_last_batch_whole(model, batch_size):
    predicted = predict(model, PIXELS, ROWS, batch_size=batch_size)
    assert predicted.dtype == np.float32
    expected = directly(model, PIXELS[ROWS])
    np.testing.assert_allclose(predicted, expected, atol=1e-6)
    assert len(np.unique(expected[:, 0])) == len(ROWS)  # so that another order would show


def test_views_are_averaged(model):
    mirrored = PIXELS[ROWS][:, :, ::-1]
    expected = (directly(model, PIXELS[ROWS]) + directly(model, mirrored)) / 2
    predicted = predict(model, PIXELS, ROWS, batch_size=4, views=("plain", "horizontal"))
    np.testing.assert_allclose(predicted, expected, atol=1e-6)
    assert np.abs(predicted - directly(model, PIXELS[ROWS])).max() > 1e-4


def test_no_rows_give_no_predictions(model):
    assert predict(model, PIXELS, np.array([], int), batch_size=4).shape == (0, 3)


def test_progress_is_told_after_every_step(model):
    steps = []
    predict(model, PIXELS, ROWS, batch_size=4, views=("plain", "vertical"), advance=steps.append)
    assert steps == [4] * 5 + [2]


@pytest.mark.parametrize(
    ("flips", "tta", "views"),
    [
        (("horizontal", "vertical"), True, ("plain", "horizontal")),
        (("vertical",), True, ("plain", "vertical")),
        ((), True, ("plain",)),
        (("horizontal",), False, ("plain",)),
    ],
)
def test_views_are_those_that_the_task_allows(flips, tta, views):
    assert views_of(flips, tta) == views
    assert set(views) <= set(VIEWS)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("meant", targets_of_five(), ids=lambda each: each.kind)
def test_a_classifier_answers_through_its_features_as_its_model_does(meant, policy):
    form = {"activation": meant.activation, "heads": meant.heads}
    made = build(resolve("tiny"), 16, 5, **form, policy=policy, seed=1)
    random = np.random.default_rng(0)
    made.set_head(random.normal(size=(made.head[0].shape)), random.normal(size=5))
    answers = predict(Answering(made, meant), PIXELS, ROWS, batch_size=4)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, directly(made.model, PIXELS[ROWS]), atol=1e-6)
    assert answers.std(axis=0).min() > 1e-4
