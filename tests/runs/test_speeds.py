import pytest
from support.toys import make_stage

from kaggle_prz.core import environment, filesystem
from kaggle_prz.runs import speeds
from kaggle_prz.schedule.cost import Speed, Speeds
from kaggle_prz.schedule.recipe import Recipe

TINY = Recipe(backbone="tiny")
HERE = Speed(32, 1000, 4000, 2)


def test_a_speed_belongs_to_backbone_precision_and_machine(monkeypatch):
    speeds.keep(TINY, make_stage(), HERE)
    assert speeds.known(TINY) == Speeds({(32, 8): HERE})
    assert speeds.known(TINY.model_copy(update={"seed": 9})) == Speeds({(32, 8): HERE})
    assert speeds.known(TINY.model_copy(update={"backbone": "resnet18"})) is None
    assert speeds.known(TINY.model_copy(update={"precision": "float32"})) is None
    monkeypatch.setattr(environment, "machine", lambda: "another")
    assert speeds.known(TINY) is None
    speeds.keep(TINY, make_stage(), Speed(32, 9, 9, 1))
    monkeypatch.undo()


def test_machines_that_share_a_home_do_not_overwrite_each_other(monkeypatch):
    speeds.keep(TINY, make_stage(), HERE)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(environment, "machine", lambda: "another")
        speeds.keep(TINY, make_stage(), Speed(32, 9, 9, 1))
        assert speeds.known(TINY) == Speeds({(32, 8): Speed(32, 9, 9, 1)})
    assert speeds.known(TINY) == Speeds({(32, 8): HERE})


def test_what_is_measured_again_replaces_what_was():
    for rate in (10.0, 20.0):
        speeds.keep(TINY, make_stage(), Speed(32, rate, 1, 1))
        speeds.keep(TINY, make_stage(2, 64), Speed(64, rate / 4, 1, 1))
    assert len(filesystem.read_json(filesystem.home() / "speed.json")["speeds"]) == 2
    assert speeds.known(TINY).of(make_stage()).train_images == 20
    assert speeds.known(TINY).of(make_stage(2, 64)).train_images == 5


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        "3",
        '{"speeds": 3}',
        '{"speeds": [{}]}',
        '{"tiny": {"image_size": 32, "train_images": 9.0, "predict_images": 9.0, "start": 1.0}}',
    ],
)
def test_a_file_of_another_form_says_nothing_and_is_written_anew(content):
    (filesystem.home() / "speed.json").write_text(content)
    assert speeds.known(TINY) is None
    speeds.keep(TINY, make_stage(), HERE)
    assert speeds.known(TINY) == Speeds({(32, 8): HERE})


def test_a_speed_that_cannot_be_is_no_speed():
    speeds.keep(TINY, make_stage(), HERE)
    text = (filesystem.home() / "speed.json").read_text().replace("4000", "0")
    (filesystem.home() / "speed.json").write_text(text)
    assert speeds.known(TINY) is None


def test_networks_of_one_name_and_other_layers_have_their_own_speeds():
    speeds.keep(TINY, make_stage(), HERE, "layers")
    assert speeds.known(TINY) is None
    assert speeds.known(TINY, "others") is None
    assert speeds.known(TINY, "layers") == Speeds({(32, 8): HERE})
