import tomllib
import zipfile
from pathlib import Path

import pytest

from kaggle_prz.commands.kernel import wheels
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models import backbones
from kaggle_prz.schedule import presets
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import stages_of

FOLDER = Path(presets.__file__).parent


@pytest.fixture
def written(tmp_path):
    """The path of a file with that content."""

    def write(text: str) -> Path:
        (tmp_path / "mine.toml").write_text(text)
        return tmp_path / "mine.toml"

    return write


def _mistakes(**options) -> list[str]:
    with pytest.raises(UsageError) as caught:
        presets.parse(options)
    return str(caught.value).splitlines()


def test_three_recipes_come_with_the_package():
    assert presets.names() == ("quick", "standard", "strong")


@pytest.mark.parametrize("name", presets.names())
def test_a_recipe_opens_with_its_card_and_can_be_meant(name):
    text = (FOLDER / f"{name}.toml").read_text("utf-8")
    assert list(tomllib.loads(text)) == ["card", "recipe"]
    card = presets.read(name).card
    assert card.command.endswith(f"--recipe {name}")
    assert card.about
    assert card.hardware
    recipe = presets.parse({"recipe": name})
    for name_of_backbone in backbones.names():
        backbone = backbones.resolve(name_of_backbone)
        backbone.check_sizes(backbone.rounded(recipe.sizes))


def test_the_standard_recipe_is_the_defaults():
    assert presets.parse({"recipe": "standard"}) == Recipe(backbone="auto")


def test_no_named_recipe_says_what_is_trained():
    theirs = {"weights", "batch_size", "learning_rate", "precision", "seed"}
    for name in presets.names():
        keys = presets.read(name).keys
        assert not theirs & set(keys)
        assert keys.get("backbone", "auto") == "auto"


@pytest.mark.parametrize("name", ["standard", "strong"])
def test_an_open_backbone_gives_way_to_the_competitions(name):
    competition = {"backbone": "tiny", "seed": 2}
    asked = {"recipe": name}
    assert presets.parse(asked).backbone == "auto"
    assert presets.parse(asked, defaults=competition).backbone == "tiny"
    assert "backbone" not in presets.flat(asked, competition)
    for explicit in ({"backbone": "auto"}, {"settings": {"backbone": "auto"}}):
        assert presets.parse(asked | explicit, defaults=competition).backbone == "auto"
        assert presets.flat(asked | explicit, competition)["backbone"] == "auto"


def test_a_backbone_that_a_recipe_names_wins_over_the_competitions(written):
    mine = written('backbone = "MobileNet"\n')
    assert presets.parse({"recipe": mine}, defaults={"backbone": "tiny"}).backbone == "MobileNet"


def test_the_strong_recipe_rises_with_the_size():
    stages = stages_of(presets.parse({"recipe": "strong"}))
    for name in ("randaugment", "dropout", "mixup", "stochastic_depth"):
        values = [getattr(stage, name) for stage in stages]
        assert values == sorted(set(values))
    assert [stages[0].randaugment, stages[-1].randaugment] == [2, 9]


def test_options_win_over_the_recipe_and_the_recipe_over_the_competition(written):
    mine = written("folds = 4\nseed = 5\n")
    competition = {"folds": 3, "seed": 2, "batch_size": 16}
    options = {"recipe": mine, "seed": 8, "epochs": None}
    recipe = presets.parse(options, defaults=competition)
    assert (recipe.seed, recipe.folds, recipe.batch_size) == (8, 4, 16)
    assert recipe.patience == Recipe().patience
    assert presets.flat(options) == {"folds": 4, "seed": 8}


@pytest.mark.parametrize(
    "text",
    [
        "dropout = [0.1, 0.3]\n",
        "[recipe]\ndropout = [0.1, 0.3]\n",
        '[card]\ncommand = "c"\nhardware = "h"\nabout = "a"\n[recipe]\ndropout = [0.1, 0.3]\n',
    ],
)
def test_keys_are_at_the_top_or_in_a_table(written, text):
    assert presets.parse({"recipe": str(written(text))}).dropout == (0.1, 0.3)


def test_a_card_may_say_what_was_measured(written):
    card = '[card]\ncommand = "c"\nhardware = "h"\nabout = "a"\nscore = "0.31"\n'
    assert presets.read(written(card)).card.score == "0.31"
    assert presets.read(written("folds = 3\n")).card is None


def test_epochs_a_stage_are_divided_anew_for_other_sizes(written):
    mine = written("[recipe]\nsizes = [32, 48]\nepochs = [3, 2]\n")
    assert presets.parse({"recipe": mine}).epochs == (3, 2)
    assert presets.parse({"recipe": mine, "sizes": (32, 48, 64)}).epochs == 5
    competition = {"sizes": (32, 48, 64), "epochs": (1, 1, 2)}
    assert presets.parse({"recipe": "standard"}, defaults=competition).epochs == (1, 1, 2)
    assert presets.parse({"recipe": "strong"}, defaults=competition).epochs == 20
    assert presets.parse({"sizes": (16,)}, defaults=competition).epochs == 4


def test_every_mistake_is_told_at_once_with_where_it_is_written(written):
    mine = written("fold = 3\nema = 2.0\npatience = 0\n")
    lines = _mistakes(recipe=mine, folds=1, settings={"loss": "square", "mixin": 1}, patience=3)
    assert len(lines) == 5
    assert "folds: must be greater than or equal to 2 (received 1)" in lines
    assert f"{mine}: ema: must be less than 1 (received 2.0)" in lines
    told = "\n".join(lines)
    assert f"{mine}: unknown key 'fold'; did you mean 'folds'? The keys are backbone, " in told
    assert "--set: unknown key 'mixin'; did you mean 'mixup'? The keys are backbone, " in told
    assert "--set: loss: must be 'crossentropy' or 'focal' (received 'square')" in told


def test_a_rule_of_two_keys_is_told_with_the_file(written):
    mine = written("sizes = [32, 48]\nepochs = [1, 2, 3]\n")
    assert _mistakes(recipe=mine) == [
        f"{mine}: recipe: 3 epochs for 2 sizes; give one number in total, or one per size"
    ]


def test_a_key_is_given_once():
    assert _mistakes(settings={"seed": 1, "folds": 3}, seed=2) == [
        "Given twice, as an option and with --set: seed. Keep one of each."
    ]


def test_an_unknown_name_lists_the_known():
    (told,) = _mistakes(recipe="stron")
    assert told.startswith("No recipe is called 'stron', and no file has this name.")
    assert (
        "Did you mean 'strong'? The recipes are quick, standard, strong. For a recipe of your own"
        in told
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"folds = \n", "mine.toml is not valid TOML: Invalid value"),
        (b"\xff\xfe", "cannot be read: it is not in UTF-8"),
        (b"[receipt]\nfolds = 3\n", "can have the tables [card] and [recipe]; received [receipt]"),
        (
            b"folds = 3\n[recipe]\nfolds = 3\n",
            "folds is given both at the top level and in [recipe]",
        ),
        (b"recipe = 3\n", "mine.toml: recipe must be a table of keys"),
        (b"[card]\nabout = 3\n", "mine.toml: card.command: Field required"),
    ],
)
def test_a_file_that_is_no_recipe(written, content, told):
    path = written("")
    path.write_bytes(content)
    assert told in "\n".join(_mistakes(recipe=path))


def test_a_directory_is_no_recipe(tmp_path):
    assert _mistakes(recipe=tmp_path) == [
        f"The recipe {str(tmp_path)!r} cannot be read: Is a directory."
    ]


def test_a_recipe_is_not_a_value():
    assert "received a Recipe. Give keys" in _mistakes(recipe=Recipe())[0]


def test_the_files_are_in_the_wheel(tmp_path):
    wheel = wheels.repack("kaggle-prz", tmp_path)
    packed = zipfile.ZipFile(wheel).namelist()
    assert {f"kaggle_prz/schedule/presets/{name}.toml" for name in presets.names()} <= set(packed)
