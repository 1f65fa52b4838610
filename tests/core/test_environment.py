import getpass
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

import numpy as np

import kaggle_prz
from kaggle_prz.core import environment


def test_versions_are_those_that_are_installed():
    described = environment.describe()
    assert described["python"] == platform.python_version()
    assert described["kaggle-prz"] == kaggle_prz.__version__
    assert described["numpy"] == np.__version__
    assert described["keras"] == importlib.metadata.version("keras")


def test_a_package_that_is_not_there_is_not_listed(monkeypatch):
    monkeypatch.setattr(environment, "_PACKAGES", ("numpy", "no-such-package"))
    assert set(environment.describe()) == {
        "kaggle-prz", "python", "system", "processors", "backend", "numpy",
    }  # fmt: skip


def test_processors_are_those_this_process_may_use():
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert int(environment.describe()["processors"]) == usable


def test_a_machine_is_its_processor_and_cores(monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Quick 9\nflags\t: a:b\n" * 2)
    monkeypatch.setattr(environment, "_PROCESSORS", tmp_path / "cpuinfo")
    monkeypatch.setattr(environment, "_CARDS", tmp_path / "none")
    monkeypatch.setattr(environment, "processors", lambda: 6)
    assert environment.machine() == "Quick 9, 6 cores"
    (tmp_path / "cpuinfo").unlink()
    assert environment.machine().endswith(", 6 cores")


def test_a_machine_with_graphics_cards_is_these_unless_they_are_hidden(monkeypatch, tmp_path):
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "information").write_text("Model: \t Swift 4\nIRQ: \t 33\n")
    monkeypatch.setattr(environment, "_CARDS", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert environment.machine() == "2 × Swift 4"
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert "Swift" not in environment.machine()


def test_memory_is_that_of_the_container_if_it_is_less(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "_MEMORY_LIMIT", tmp_path / "memory.max")
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert environment.memory() == physical
    for said, expected in (("max\n", physical), ("1000\n", 1000), (f"{physical * 2}\n", physical)):
        (tmp_path / "memory.max").write_text(said)
        assert environment.memory() == expected


def test_no_account_machine_or_path_is_recorded():
    record = json.dumps(environment.describe())
    private = {platform.node(), str(Path.home()), str(Path.cwd()), sys.prefix, getpass.getuser()}
    assert not [secret for secret in private if len(secret) > 1 and secret in record]
