"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil
from typing import Any

import pytest

import kaggle_prz
from kaggle_prz.schedule.stages import stages_of

MODULES = sorted(m.name for m in pkgutil.walk_packages(kaggle_prz.__path__, "kaggle_prz."))
NEED_KERAS = {m for m in MODULES if m.split(".")[1] in {"models", "training"}}


@pytest.mark.parametrize(
    "name",
    [pytest.param(m, marks=[pytest.mark.keras] if m in NEED_KERAS else []) for m in MODULES],
)
def test_examples_of_a_module(name: str) -> None:
    if name == "kaggle_prz.models.backbones.hub.network":
        pytest.importorskip("keras_hub")
    module = importlib.import_module(name)
    names: dict[str, Any] = {"Recipe": kaggle_prz.Recipe, "stages_of": stages_of}
    if name in NEED_KERAS:
        names["build_model"] = kaggle_prz.build_model
    results = doctest.testmod(module, extraglobs=names, raise_on_error=False)
    assert results.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = [importlib.import_module(m) for m in MODULES if m not in NEED_KERAS]
    examples = [test for module in modules for test in finder.find(module) if test.examples]
    assert len(examples) >= 15
