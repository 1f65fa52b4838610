"""A client of Kaggle that cannot be used is one sentence, before anything is trained."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kaggle_prz import competitions
from kaggle_prz.commands import doctor, fit, submit
from kaggle_prz.competitions.kaggle import Door, client
from kaggle_prz.competitions.kaggle.client import ClientError

TREE = Path(__file__).parents[3]


def install(place: Path, name: str, version: str, *wanted: str) -> None:
    """What pip leaves of a package besides its code."""
    about = place / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in wanted]
    (about / "METADATA").write_text("\n".join(lines) + "\n")


@pytest.fixture
def old(tmp_path):
    """A directory of packages that hides the client: an old one."""
    place = tmp_path / "packages"
    (place / "kagglesdk").mkdir(parents=True)
    (place / "kagglesdk" / "__init__.py").touch()
    install(place, "kagglesdk", "0.1.28")
    install(place, "kaggle", "2.2.5", "kagglesdk<1.0,>=0.1.38")
    return place


def prz(*words: str, packages: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    search = os.pathsep.join(map(str, (packages, TREE)))
    return subprocess.run(
        [sys.executable, "-P", "-m", "kaggle_prz.commands.cli", *words],
        env=os.environ | {"PYTHONPATH": search},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_fit_with_an_old_client_trains_nothing(world, old, tmp_path):
    world.about()
    done = prz("fit", "-c", world.slug, "--submit", packages=old, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: Kaggle's client cannot be used: kaggle 2.2.5 requires kagglesdk<1.0,>=0.1.38, and "
        "0.1.28 is installed. Repair it with: pip install --upgrade kaggle\n"
    )
    assert not (tmp_path / "runs").exists()
    assert not world.requests("DownloadDataFiles")


def test_parts_that_do_not_load_are_the_same_sentence_in_any_command(world, old, tmp_path):
    done = prz("leaderboard", "-c", world.slug, packages=old, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "Error: Kaggle's client cannot be used: it cannot be imported (No module named 'kagglesdk."
    )
    assert "pip install --upgrade kaggle" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_request_that_the_client_does_not_know_is_the_same_sentence(world, monkeypatch):
    from kagglesdk.competitions.types import competition_api_service as types

    client.check_versions()
    monkeypatch.delattr(types, "ApiGetSubmissionLimitsRequest")
    with pytest.raises(ClientError, match="lacks the request GetSubmissionLimits in"):
        submit.check(competitions.find(world.slug))
    with pytest.raises(ClientError, match="pip install --upgrade kaggle"):
        world.source.submit(world.csv, "")
    assert not world.submissions()


def test_a_field_that_the_client_would_leave_out_is_not_left_out(world, monkeypatch):
    from kagglesdk.competitions.types import competition_api_service as types

    kind = types.ApiGetLeaderboardRequest
    fields = [each for each in kind._fields if each.field_name != "override_public"]
    monkeypatch.setattr(kind, "_fields", fields)
    with pytest.raises(ClientError, match="lacks the request GetLeaderboard"):
        world.source.standings()


def test_what_our_requests_need_is_what_the_installed_client_has():
    client.check_versions()
    Door().check_client(["GetSubmissionLimits", "CreateSubmission"])
    with pytest.raises(ClientError):
        Door().check_client(["GetSomethingNew"])


def test_the_doctor_and_the_check_say_the_same(monkeypatch):
    versions = {"kaggle": "2.2.5", "kagglesdk": "0.1.28"}

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    wants = {"kaggle": ["kagglesdk>=0.1.38"], "kagglesdk": []}
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: wants[name])
    (fault,) = [each.text for each in doctor.packages() if "kagglesdk>" in each.text]
    clause = "kaggle 2.2.5 requires kagglesdk>=0.1.38, and 0.1.28 is installed"
    assert fault.startswith(clause)
    with pytest.raises(ClientError, match=clause):
        client.check_versions()


def test_fit_from_python_is_refused_as_well(world, monkeypatch):
    monkeypatch.setattr(
        client, "check_versions", lambda: (_ for _ in ()).throw(client.unusable("x"))
    )
    with pytest.raises(ClientError, match="cannot be used: x"):
        fit.fit(world.slug, submit=True)
