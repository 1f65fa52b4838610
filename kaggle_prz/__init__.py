"""Image competitions from slug to leaderboard score, by progressive resizing with Keras.

The names below are the whole interface; importing the package imports none of its steps and no
Keras.

Example:
    ```python
    import kaggle_prz as prz

    run = prz.fit("elpv", sizes=(96, 144), time_limit=600)
    print(run.score, run.submission)
    ```
"""

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

__version__ = importlib.metadata.version("kaggle-prz")

if TYPE_CHECKING:
    from kaggle_prz.commands.fit import fit
    from kaggle_prz.commands.inspect import inspect
    from kaggle_prz.commands.plan import plan
    from kaggle_prz.commands.predict import predict
    from kaggle_prz.commands.submit import submit
    from kaggle_prz.core.errors import PrzError
    from kaggle_prz.core.task import Task
    from kaggle_prz.models.classifier import build_model
    from kaggle_prz.runs.run import Run, load_run
    from kaggle_prz.schedule.recipe import Recipe, Stage

_HOME = {
    "PrzError": "core.errors",
    "Recipe": "schedule.recipe",
    "Run": "runs.run",
    "Stage": "schedule.recipe",
    "Task": "core.task",
    "build_model": "models.classifier",
    "fit": "commands.fit",
    "inspect": "commands.inspect",
    "load_run": "runs.run",
    "plan": "commands.plan",
    "predict": "commands.predict",
    "submit": "commands.submit",
}

__all__ = [
    "PrzError",
    "Recipe",
    "Run",
    "Stage",
    "Task",
    "__version__",
    "build_model",
    "fit",
    "inspect",
    "load_run",
    "plan",
    "predict",
    "submit",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kaggle_prz' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"kaggle_prz.{_HOME[name]}"), name)
    if isinstance(value, type):
        return value
    return importlib.import_module("kaggle_prz.commands.python").guarded(value)


def __dir__() -> list[str]:
    return sorted(__all__)
