import pydantic
import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.schedule.recipe import BY_FAMILY, Recipe, Stage


def _mistakes(**options) -> list[str]:
    with pytest.raises(UsageError) as caught:
        Recipe.parse(options)
    return str(caught.value).splitlines()


def test_every_mistake_is_told_at_once_with_what_was_received():
    lines = _mistakes(folds=1, sizes=(64, 32), dropout=1.0, nonsense=3)
    assert len(lines) == 4
    told = "\n".join(lines)
    assert "folds: must be greater than or equal to 2 (received 1)" in told
    assert "sizes: image sizes must rise" in told
    assert "write them as 32,64 (received [64, 32])" in told
    assert "dropout: must be less than 1 (received 1.0)" in told
    assert "unknown key 'nonsense'. The keys are backbone, weights, sizes" in told


@pytest.mark.parametrize("sizes", [(64, 64), (96, 48), (32, 64, 48)])
def test_sizes_that_do_not_rise(sizes):
    rising = ",".join(str(size) for size in sorted(set(sizes)))
    assert f"write them as {rising}" in _mistakes(sizes=sizes)[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sizes": ()}, "at least one image size is needed"),
        (
            {"sizes": "abc"},
            "sizes: must be numbers in a list, such as [96, 144] (received 'abc')",
        ),
        ({"sizes": (4,)}, "greater than or equal to 8 (received 4)"),
        (
            {"epochs": (1, 2, 3), "sizes": (32, 48)},
            "3 epochs for 2 sizes; give one number in total",
        ),
        ({"epochs": (1, 0, 3)}, "only the last of several sizes may have 0 epochs"),
        ({"epochs": (0,), "sizes": (32,)}, "only the last of several sizes may have 0 epochs"),
        ({"fixres": True}, "recipe: unknown key 'fixres'; to predict at a larger size, add that"),
        (
            {"average_last": 0.2},
            "unknown key 'average_last'; use ema to average the weights",
        ),
        ({"time_limit": 0.0}, "time_limit: must be greater than 0"),
        ({"time_limit": float("inf")}, "time_limit: must be a finite number"),
        (
            {"time_limit": "soon"},
            "time_limit: 'soon' is not a time; write it like 600, 90s, 10m or 1h30m",
        ),
        ({"time_limit": True}, "time_limit: this key does not take true or false (received true)"),
        ({"patience": False}, "patience: this key does not take true or false (received false)"),
        ({"tta": "perhaps"}, "tta: must be true or false (received 'perhaps')"),
        ({"folds": 2.5}, "folds: must be a whole number (received 2.5)"),
        ({"ema": "much"}, "ema: must be a number (received 'much')"),
        ({"learning_rat": 1}, "unknown key 'learning_rat'; did you mean 'learning_rate'? The keys"),
        ({"precision": "half"}, "'mixed_bfloat16' (received 'half')"),
        ({"seed": -1}, "seed: must be greater than or equal to 0"),
    ],
)
def test_a_value_out_of_range(options, told):
    lines = _mistakes(**options)
    assert len(lines) == 1
    assert told in lines[0]


def test_a_time_limit_may_be_written_as_at_the_terminal():
    assert Recipe.parse({"time_limit": "1h30m"}).time_limit == 5400
    assert Recipe.parse({"time_limit": 90}).time_limit == 90


@pytest.mark.parametrize(
    ("epochs", "told"),
    [
        (-1, "epochs: must be greater than 0 (received -1)"),
        ((1, -2, 3), "epochs: must be greater than or equal to 0 (received -2)"),
        ("many", "epochs: must be a number (received 'many')"),
    ],
)
def test_epochs_are_only_told_of_the_form_that_was_meant(epochs, told):
    lines = _mistakes(epochs=epochs)
    assert len(lines) == 1
    assert told in lines[0]


def test_epochs_of_no_known_form_are_still_a_mistake():
    assert any(line.startswith("epochs: ") for line in _mistakes(epochs={"all": 3}))


def test_options_go_over_defaults_and_absent_ones_do_not():
    recipe = Recipe.parse(
        {"folds": 4, "epochs": None, "seed": None}, defaults={"epochs": (2, 1, 1), "folds": 3}
    )
    assert (recipe.folds, recipe.epochs, recipe.seed) == (4, (2.0, 1.0, 1.0), 0)


def test_a_recipe_survives_json():
    recipe = Recipe(sizes=(32, 48), epochs=(1.5, 2), time_limit=90, tta=False)
    assert Recipe.parse(recipe.model_dump(mode="json")) == recipe


def test_a_removed_key_that_was_off_is_read():
    assert Recipe.parse({"fixres": False, "average_last": 0.0}) == Recipe()


def test_a_recipe_cannot_change():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Recipe().folds = 3


def test_the_name_of_a_stage_has_its_place_and_its_size():
    stage = Stage(index=2, image_size=240, epochs=1, batch_size=8, learning_rate=0.1)
    assert stage.name == "stage2-240"


def test_keys_of_the_family_are_unset_where_they_are_auto():
    recipe = Recipe.parse(dict.fromkeys(BY_FAMILY, "auto"), defaults={"learning_rate": 0.5})
    assert recipe == Recipe()
    assert not recipe.model_fields_set & set(BY_FAMILY)
    with pytest.raises(UsageError, match="ema: must be a number"):
        Recipe.parse({"ema": "auto"})
