import typing

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.commands.cli import options
from kaggle_prz.schedule.recipe import Recipe


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("600", 600),
        ("1.5", 1.5),
        ("90s", 90),
        ("10m", 600),
        ("10min", 600),
        ("1h30m", 5400),
        (" 2H ", 7200),
        ("1h1m1s", 3661),
        ("0.5h", 1800),
    ],
)
def test_times_as_people_write_them(text, seconds):
    assert options.time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "10x", "m10", "10m!", "-5", "1h 30", "inf", "nan"])
def test_what_is_no_time_is_told_with_examples(text):
    with pytest.raises(
        click.BadParameter, match="is not a time; write it like 600, 90s, 10m or 1h30m"
    ):
        options.time(text)


@given(st.integers(0, 50), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(hours, minutes, seconds):
    text = f"{hours}h{minutes}m{seconds}s"
    assert options.time(text) == hours * 3600 + minutes * 60 + seconds


def test_numbers_between_commas():
    assert options.numbers("160,240,320") == (160, 240, 320)
    assert options.numbers(" 96, 144 ,") == (96, 144)
    for text in ("a", "32;48", "32.5", "32,x", "32,,48", ""):
        with pytest.raises(click.BadParameter, match=f"'{text}' is not a list of numbers"):
            options.numbers(text)


def test_epochs_are_one_number_or_one_a_stage():
    assert options.number_or_numbers("6") == 6.0
    assert isinstance(options.number_or_numbers("6"), float)
    assert options.number_or_numbers("3,2,0.5") == (3.0, 2.0, 0.5)


@click.command()
@options.competition
@options.recipe
@options.overrides
@options.place
@options.as_json
def _command(**given):
    click.echo({key: value for key, value in given.items() if value is not None})


@click.command()
@options.recipe
def _recipe_alone(**given):
    raise AssertionError(given)


def test_an_option_that_is_not_given_is_none():
    result = CliRunner().invoke(_command, ["-c", "shapes"])
    assert result.exit_code == 0
    assert result.output == (
        "{'competition': 'shapes', 'output_dir': PosixPath('runs'), 'as_json': False}\n"
    )


@pytest.mark.parametrize(("flag", "value"), [("--tta", True), ("--no-tta", False)])
def test_mirrored_images_can_be_wanted_or_not(flag, value):
    assert f"'tta': {value}" in CliRunner().invoke(_command, ["-c", "x", flag]).output


def test_options_of_a_recipe_are_its_keys():
    names = {name for parameter in _recipe_alone.params if (name := parameter.name)}
    assert names - {"recipe", "settings"} <= set(Recipe.model_fields)
    assert {"schedule", "randaugment", "mixup", "ema", "patience"} <= names


def test_schedules_are_those_of_the_recipe():
    (option,) = [each for each in _recipe_alone.params if each.name == "schedule"]
    assert tuple(option.type.choices) == typing.get_args(Recipe.model_fields["schedule"].annotation)


@pytest.mark.parametrize(
    ("written", "pair"),
    [
        ("presize=0.1", ("presize", 0.1)),
        ("accumulate = 2", ("accumulate", 2)),
        ("frozen=[0.5, 0]", ("frozen", (0.5, 0))),
        ("loss=focal", ("loss", "focal")),
        ('loss="focal"', ("loss", "focal")),
        ("head_first=false", ("head_first", False)),
        ("time_limit=10m", ("time_limit", "10m")),
    ],
)
def test_any_key_can_be_set(written, pair):
    assert options.setting(written) == pair
    shown = CliRunner().invoke(_command, ["-c", "x", "--set", written]).output
    assert f"'settings': {dict([pair])}" in shown


def test_a_key_is_set_once():
    given = ["-c", "x", "--set", "ema=0.9", "--set", "loss=focal", "--set", "ema=0.99"]
    result = CliRunner().invoke(_command, given)
    assert result.exit_code == 2
    assert "given twice: ema. Keep one of each." in result.output


@pytest.mark.parametrize("written", ["", "ema", "=3", "a b=3", "ema=", "x=[", "x=1\ny=2", "x=1 2"])
def test_what_is_no_setting_is_told_with_examples(written):
    with pytest.raises(click.BadParameter, match=r"such as ema=0\.99, frozen="):
        options.setting(written)


def test_a_ramp_is_one_number_or_two():
    for text, value in (("0.2", 0.2), ("0.1,0.3", (0.1, 0.3))):
        shown = CliRunner().invoke(_command, ["-c", "x", "--dropout", text]).output
        assert f"'dropout': {value}" in shown


def test_a_competition_is_needed():
    result = CliRunner().invoke(_command, [])
    assert result.exit_code == 2
    assert "Missing option '-c' / '--competition'" in result.output


def test_a_batch_size_is_a_number_or_auto():
    assert [options.batch_size(text) for text in ("32", " Auto ", "-3")] == [32, "auto", -3]
    for text in ("", "many", "3.5"):
        with pytest.raises(click.BadParameter, match="is neither a number of images nor auto"):
            options.batch_size(text)


def test_a_number_may_be_left_to_the_family():
    assert [options.number_or_auto(text) for text in ("1e-3", " Auto ")] == [1e-3, "auto"]
    with pytest.raises(click.BadParameter, match="neither a number nor auto"):
        options.number_or_auto("fast")
    text = CliRunner().invoke(_recipe_alone, ["--help"]).output
    assert text.count("X|auto") == 2
