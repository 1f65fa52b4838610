import getpass
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

import numpy as np

import kaggle_prz
from kaggle_prz import environment


def test_versions_are_those_that_are_installed():
    described = environment.describe()
    assert described["python"] == platform.python_version()
    assert described["kaggle-prz"] == kaggle_prz.__version__
    assert described["numpy"] == np.__version__
    assert described["keras"] == importlib.metadata.version("keras")


def test_a_package_that_is_not_there_is_not_listed(monkeypatch):
    monkeypatch.setattr(environment, "_PACKAGES", ("numpy", "no-such-package"))
    assert set(environment.describe()) == {
        "kaggle-prz", "python", "system", "processors", "numpy",
    }  # fmt: skip


def test_processors_are_those_this_process_may_use():
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert int(environment.describe()["processors"]) == usable


def test_no_account_machine_or_path_is_recorded():
    record = json.dumps(environment.describe())
    private = {platform.node(), str(Path.home()), str(Path.cwd()), sys.prefix, getpass.getuser()}
    assert not [secret for secret in private if len(secret) > 1 and secret in record]
