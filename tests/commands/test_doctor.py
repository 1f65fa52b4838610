import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from kaggle_prz.commands import doctor
from kaggle_prz.commands.doctor import Finding
from kaggle_prz.readers import formats


class Heard:
    def __init__(self):
        self.lines, self.rows = [], []

    def say(self, text):
        self.lines.append(text)

    def table(self, title, columns, rows):
        self.rows += rows


@pytest.fixture
def installed(monkeypatch):
    """Distributions by name: version and requirements."""
    there: dict[str, tuple[str, list[str]]] = {}

    def version(name):
        if name not in there:
            raise importlib.metadata.PackageNotFoundError(name)
        return there[name][0]

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: there[name][1])
    return there


def _texts(findings, state):
    return [finding.text for finding in findings if finding.state == state]


def test_a_pin_that_is_not_kept_is_a_fault(installed):
    installed |= {
        "kaggle": ("2.2.5", ["kagglesdk>=0.1.38", "rich; extra == 'docs'"]),
        "kagglesdk": ("0.1.28", []),
        "rich": ("1.0", []),
    }
    (text,) = _texts(doctor.packages(), "fault")
    assert text.startswith("kaggle 2.2.5 requires kagglesdk>=0.1.38, and 0.1.28 is installed; pip")


def test_the_pin_of_keras_hub_is_a_note(installed):
    installed |= {
        "keras-hub": ("0.32.0", ["kagglesdk==0.1.28"]),
        "kagglesdk": ("0.1.37", []),
    }
    assert not _texts(doctor.packages(), "fault")
    text = _texts(doctor.packages(), "note")[0]
    assert text.startswith("keras-hub 0.32.0 requires kagglesdk==0.1.28, and 0.1.37 is installed")
    assert text.endswith("keras-hub works with it, too")


def test_pins_that_are_kept_are_none(installed):
    installed |= {
        "keras-hub": ("0.29.1", ["kagglesdk>=0.1.28", "numpy", "nothere>3"]),
        "kagglesdk": ("0.1.37", []),
        "numpy": ("2.0", []),
    }
    assert not _texts(doctor.packages(), "fault")


def test_keras_cv_without_tensorflow_is_a_fault(installed):
    installed["keras-cv"] = ("0.9.0", [])
    assert "needs TensorFlow" in _texts(doctor.packages(), "fault")[0]
    installed["tensorflow-cpu"] = ("2.21.0", [])
    assert not _texts(doctor.packages(), "fault")


def test_extras_are_named_with_what_installs_them(installed):
    extras = ",".join([*doctor._EXTRAS, *formats.extras()])
    assert _texts(doctor.packages(), "note") == [
        f"not installed: {extras}; pip install 'kaggle-prz[{extras}]'"
    ]
    installed |= dict.fromkeys([*doctor._EXTRAS.values(), *formats.extras().values()], ("1", []))
    assert doctor.packages()[-1] == Finding("extras", "ok", "all installed")


@pytest.mark.full
@pytest.mark.keras
def test_the_backend_is_asked_in_a_process_of_its_own():
    found = {finding.name: finding.text for finding in doctor.backend()}
    assert found["backend"] == "tensorflow"
    assert "CPU" in found["devices"]
    assert found["precision"].startswith("float32: ")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise ImportError('no tensorflow here')", "cannot be loaded: ImportError: no tensorflow"),
        ("import os; os.kill(os.getpid(), 11)", "cannot be loaded: exit status -11"),
        ("import time; time.sleep(60)", "did not load within 0.5 s"),
    ],
)
def test_a_backend_that_does_not_load_is_a_fault(monkeypatch, code, told):
    monkeypatch.setattr(doctor, "_ASK_BACKEND", code)
    monkeypatch.setattr(doctor, "_BACKEND_SECONDS", 0.5 if "sleep" in code else 60)
    (finding,) = doctor.backend()
    assert finding.state == "fault"
    assert told in finding.text


def test_little_room_is_a_note(monkeypatch, tmp_path):
    not_there_yet = tmp_path / "some" / "runs"
    runs, data = doctor.disk(not_there_yet)
    assert (runs.name, data.name) == ("disk space for runs", "disk space for data")
    assert str(not_there_yet) in runs.text
    monkeypatch.setattr(doctor, "_LITTLE_DISK", 1e18)
    assert {finding.state for finding in doctor.disk(Path())} == {"note"}


def test_faults_are_counted():
    heard = Heard()
    doctor.show([Finding("a", "ok", "x"), Finding("b", "fault", "y")], heard)
    assert heard.rows == [("a", "ok", "x"), ("b", "fault", "y")]
    assert heard.lines == ["Problems found: 1."]
    doctor.show([Finding("a", "note", "x")], heard)
    assert heard.lines[-1] == "No problems found."


def test_looking_loads_no_keras():
    code = "import sys, kaggle_prz.commands.doctor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "kaggle"} & set(done.stdout.split())
