"""What the doctor says of the way to Kaggle."""

import json

import pytest

from kaggle_prz.commands import cli, doctor
from kaggle_prz.commands.doctor import Finding
from kaggle_prz.competitions.kaggle import Door, Patience


def _found(findings: list[Finding]) -> dict[str, tuple[str, str]]:
    return {finding.name: (finding.state, finding.text) for finding in findings}


def test_a_login_that_works(world):
    assert _found(doctor.kaggle()) == {
        "Kaggle login": ("ok", "the environment variables KAGGLE_USERNAME and KAGGLE_KEY"),
        "Kaggle": ("ok", "answers"),
    }


def test_no_login_is_a_note_and_nothing_is_asked():
    (finding,) = doctor.kaggle()
    assert (finding.name, finding.state) == ("Kaggle login", "note")
    assert "KAGGLE_API_TOKEN" in finding.text


def test_a_login_that_is_refused_is_a_fault(world, monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", "wrong")
    state, text = _found(doctor.kaggle())["Kaggle"]
    assert state == "fault"
    assert "KAGGLE_USERNAME" in text
    assert "wrong" not in text.split()


def test_a_login_that_others_may_read_is_told(world, monkeypatch, tmp_path):
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name)
    file = tmp_path / "user-home" / ".kaggle" / "kaggle.json"
    file.parent.mkdir()
    account = world.server.account
    file.write_text(json.dumps({"username": account["username"], "key": account["key"]}))
    file.chmod(0o644)
    state, text = _found(doctor.kaggle())["Kaggle login"]
    assert state == "note"
    assert text.endswith("which other users of this machine can read; restrict it with chmod 600")
    file.chmod(0o600)
    assert _found(doctor.kaggle())["Kaggle login"][0] == "ok"


@pytest.mark.parametrize("kind", [503, "reset", "html"])
def test_a_kaggle_that_is_away_is_a_note(world, kind):
    world.server.faults.add("ListCompetitions", kind, times=9)
    state, text = _found(doctor.kaggle(Door(Patience(tries=1))))["Kaggle"]
    assert state == "note"
    assert text.startswith("Asking Kaggle failed")


def test_the_command_shows_no_value_of_a_login(world, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "backend", lambda: [])
    cli.main(["doctor"])
    cli.main(["doctor", "--json"])
    said = "".join(capsys.readouterr())
    assert "KAGGLE_KEY" in said
    for secret in world.server.account.values():
        assert secret not in said
