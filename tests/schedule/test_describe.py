"""A sentence for every choice, none for a plain recipe."""

from support.toy_nets import stage

from kaggle_prz.schedule import describe
from kaggle_prz.schedule.recipe import Recipe


def test_a_plain_recipe_has_none():
    assert describe.of(stage(), Recipe(ema=0)) == []


def test_every_choice_is_told():
    recipe = Recipe(
        layer_decay=0.8, accumulate=4, loss="focal", class_weight="balanced", ema=0.99, patience=2
    )
    assert describe.of(stage(label_smoothing=0.1), recipe) == [
        "layer decay: the learning rate of a band of layers is 0.8 of that of the band after it",
        "weights change every 4 steps, by their mean gradient",
        "loss: focal, images that are right already weigh less",
        "loss: every class weighs the same, by the training rows of the fold",
        "weights that predict: an exponential moving average with momentum 0.99",
        "a fold ends after 2 passes without a better score of its held-out rows and keeps its best "
        "pass; out-of-fold scores are therefore a little optimistic",
    ]


def test_numbers_are_not_smoothed():
    assert describe.of(stage(label_smoothing=0.1), Recipe(ema=0), has_classes=False) == [
        "label smoothing: none, since numbers have no classes"
    ]
