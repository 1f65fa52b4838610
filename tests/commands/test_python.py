from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.synthetic import draw_competition

import kaggle_prz as prz
from kaggle_prz import metrics
from kaggle_prz.commands import fit, predict
from kaggle_prz.commands.python import guarded, in_python
from kaggle_prz.core.errors import PrzError, RunError, UnforeseenError, UsageError

FUNCTIONS = ["fit", "inspect", "load_run", "plan", "predict", "submit"]


class OwnError(Exception):
    """As a user writes one."""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_keep_their_names_and_words(name):
    function = getattr(prz, name)
    assert (function.__name__, function.__doc__) == (name, function.__wrapped__.__doc__)
    assert function is getattr(prz, name)
    assert function.__wrapped__ is not function


def test_classes_are_handed_out_as_they_are():
    assert prz.PrzError is PrzError


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("value", [None, 5, 0.5, b"shapes", ["shapes"], pd.DataFrame(), object()])
def test_a_first_argument_of_another_type(name, value):
    with pytest.raises(UsageError, match=r"^(competition|run|path) takes .*; received ") as caught:
        getattr(prz, name)(value)
    assert ("to_csv" in str(caught.value)) is isinstance(value, pd.DataFrame)
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_that_nobody_takes(name):
    with pytest.raises(UsageError, match="missing a required argument"):
        getattr(prz, name)()
    with pytest.raises(UsageError, match="nonsense"):
        getattr(prz, name)("shapes", nonsense=1)
    with pytest.raises(UsageError, match="too many positional arguments"):
        getattr(prz, name)("shapes", 1, 2)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: prz.predict("x", outputt="y"),
            "takes no argument 'outputt'. Did you mean 'output'",
        ),
        (
            lambda: prz.inspect("shapes", metrics="y"),
            "takes no argument 'metrics'. Did you mean 'metric'",
        ),
        (lambda: prz.fit("shapes", foldss=2), "unknown key 'foldss'; did you mean 'folds'"),
        (lambda: prz.fit("shapes", output_dir=3), "output_dir takes the path of a directory"),
        (lambda: prz.predict("x", output=3), "output takes the path of a file to write"),
        (lambda: prz.fit("shapes", run=3), "run takes the name of a run; received 3"),
        (lambda: prz.fit("shapes", submit="no"), "submit takes True or False; received a str"),
        (
            lambda: prz.fit("shapes", console=3),
            "console takes an object with the methods say, table and bar",
        ),
        (lambda: prz.fit("shapes", target=3), "target takes the name of a column"),
        (lambda: prz.plan("shapes", calibrate=1), "calibrate takes True or False"),
    ],
)
def test_arguments_that_cannot_be_meant(call, told, here):
    with pytest.raises(UsageError) as caught:
        call()
    assert told in str(caught.value)
    assert not list(here.iterdir())


@pytest.mark.parametrize("name", ["fit", "inspect", "plan"])
def test_a_metric_is_a_name(name):
    with pytest.raises(UsageError, match=r"metric takes the name of a metric.*received a function"):
        getattr(prz, name)("shapes", metric=metrics.get)


@pytest.mark.parametrize("name", ["fit", "inspect", "plan"])
def test_a_directory_may_be_a_path(name, here, monkeypatch):
    received = []
    heard = guarded(lambda competition, **_: received.append(competition))
    heard(Path("leaves"))
    (here / "shapes").mkdir()
    heard(Path("shapes"))
    assert received == ["leaves", str(here / "shapes")]
    draw_competition(here / "leaves", ("a", "b"), 3, 2, groups=False)
    if name != "fit":
        told = [getattr(prz, name)(each) for each in ("leaves", Path("leaves"), here / "leaves")]
        assert str(told[0]) == str(told[1]) == str(told[2])


def test_paths_are_taken_wherever_texts_are():
    with pytest.raises(RunError, match="There is no directory nowhere"):
        prz.load_run(Path("nowhere"))
    with pytest.raises(RunError, match="There is no directory nowhere"):
        prz.predict(Path("nowhere"), output=Path("x.csv"))
    with pytest.raises(RunError, match="There is no directory nowhere"):
        prz.submit("nowhere")


@pytest.mark.parametrize("name", ["fit", "inspect", "plan", "predict"])
def test_no_error_but_ours_and_the_users_leaves(name, monkeypatch):
    def raises(error: BaseException) -> None:
        def layer(*_: object, **__: object) -> None:
            raise error

        for module in (fit, predict):
            monkeypatch.setattr(module.competitions, "find", layer)
        monkeypatch.setattr(predict.runs, "load_run", layer)

    for error in (ZeroDivisionError("odd"), np.linalg.LinAlgError("odd")):
        raises(error)
        with pytest.raises(UnforeseenError, match=r"odd\. This is a bug") as caught:
            getattr(prz, name)("shapes")
        assert caught.value.__cause__ is error
    for error in (OwnError("mine"), KeyboardInterrupt(), SystemExit(3), RunError("ours")):
        raises(error)
        with pytest.raises(type(error)) as left:
            getattr(prz, name)("shapes")
        assert left.value is error


@pytest.mark.keras
def test_building_a_model_is_guarded_too():
    with pytest.raises(
        UsageError, match=r"takes no argument 'class_count'.*It takes backbone, image_size"
    ):
        prz.build_model("tiny", class_count=3)
    with pytest.raises(UsageError, match="classes takes a whole number; received a str"):
        prz.build_model("tiny", classes="3")
    with pytest.raises(PrzError):
        prz.build_model("tiny", image_size=32, classes=2, policy="no policy")


@pytest.mark.parametrize(
    ("message", "in_words_of_python"),
    [
        ("received --sizes 32,49. Instead", "received sizes=(32, 49). Instead"),
        ("received --folds 1. With one", "received folds=1. With one"),
        ("above it with --output-dir.", "above it with output_dir=."),
        (
            "To train anyway, run fit without --submit.",
            "To train anyway, run fit without submit=True.",
        ),
        ("--no-tta or --submit", "tta=False or submit=True"),
        ("use --weights none.", 'use weights="none".'),
        ("Give --precision float32, or", 'Give precision="float32", or'),
        ("--weights a/b.h5 does not", 'weights="a/b.h5" does not'),
        ("with --run NAME, or", "with run=NAME, or"),
        ("--positive 'a b' is none", "positive='a b' is none"),
        ("with --metric, such as rmse", "with metric=, such as rmse"),
        ("--target or --id-column.", "target= or id_column=."),
        ("once with --set: a", "once with settings=: a"),
        ("with --debug and --no-such-thing 3", "with --debug and --no-such-thing 3"),
        (
            "with: kaggle-prz fit -c x --tta. Or --tta",
            "with: kaggle-prz fit -c x --tta. Or tta=True",
        ),
        ("pip install --upgrade x, or --tta", "pip install --upgrade x, or tta=True"),
    ],
)
def test_options_are_named_as_python_writes_them(message, in_words_of_python):
    assert in_python(message) == in_words_of_python


def test_messages_of_functions_name_keywords():
    with pytest.raises(UsageError, match=r"^run= takes a name.* with output_dir=\."):
        prz.fit("shapes", run="a/b")
    with pytest.raises(UsageError, match=r"received sizes=\(32, 49\)\. Instead of 49 use 48 or 50"):
        prz.plan("shapes", sizes=(32, 49), backbone="csp_darknet_tiny")


@pytest.mark.parametrize("given", [{"output_dir": "a\0b"}, {"run": "a\0b"}, {"metric": ""}])
def test_texts_that_name_nothing(given):
    with pytest.raises(UsageError, match=f"^{next(iter(given))} takes .* received "):
        prz.fit("shapes", **given)
