import subprocess
import sys

import pytest

import kaggle_prz
from kaggle_prz.core.errors import PrzError

HEAVY = ("keras", "keras_cv", "tensorflow", "jax", "pandas", "sklearn", "matplotlib", "kaggle")


WITH_KERAS = {"build_model"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.keras] * (name in WITH_KERAS))
        for name in kaggle_prz.__all__
    ],
)
def test_every_name_is_there(name):
    assert getattr(kaggle_prz, name) is not None
    assert name in dir(kaggle_prz)


def test_every_name_has_a_home():
    assert set(kaggle_prz.__all__) == {*kaggle_prz._HOME, "__version__"}
    assert len(kaggle_prz.__all__) <= 20
    assert kaggle_prz.PrzError is PrzError


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'kaggle_prz' has no attribute 'train'"):
        _ = kaggle_prz.train


def test_importing_the_package_imports_none_of_its_steps():
    code = "import sys, kaggle_prz; dir(kaggle_prz); print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)
    assert [name for name in loaded if name.startswith("kaggle_prz.")] == []


def test_the_version_is_that_of_the_distribution():
    import importlib.metadata

    assert importlib.metadata.version("kaggle-prz") == kaggle_prz.__version__
