"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import kaggle_prz

MODULES = sorted(m.name for m in pkgutil.walk_packages(kaggle_prz.__path__, "kaggle_prz."))
NEED_KERAS = {"kaggle_prz.model", "kaggle_prz.transfer", "kaggle_prz.callbacks",
              "kaggle_prz.pipeline", "kaggle_prz.prediction", "kaggle_prz.training",
              "kaggle_prz.finishing", "kaggle_prz.normalization", "kaggle_prz.restored",
              "kaggle_prz.workers"}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(m, marks=[pytest.mark.keras] if m in NEED_KERAS else []) for m in MODULES],
)
def test_examples_of_a_module(name: str) -> None:
    module = importlib.import_module(name)
    names = {"Recipe": kaggle_prz.Recipe}
    if name in NEED_KERAS:
        names["build_model"] = kaggle_prz.build_model
    results = doctest.testmod(module, extraglobs=names, raise_on_error=False)
    assert results.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = [importlib.import_module(m) for m in MODULES if m not in NEED_KERAS]
    examples = [test for module in modules for test in finder.find(module) if test.examples]
    assert len(examples) >= 15
