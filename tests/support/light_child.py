"""A process that trains folds with `LightWorker`, without Keras; with faults where asked for.

The environment says what goes wrong: `LIGHT_SECONDS` that a fold takes longer; `LIGHT_FAULT`, a
fold (from 0) and what it does: `0:exit`, `1:error`, `1:own error`.
"""

import os
import sys
import time
import types
from collections.abc import Iterator

from kaggle_prz.core.errors import RunError
from kaggle_prz.runs.fold_files import FoldDone
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.training.workers import child

from .light_worker import LightWorker


class OwnError(Exception):
    """An error of somebody else's code."""


class Worker(LightWorker):
    """Fits trees to thumbnails, and says so."""

    def train(self, stage: Stage, folds, slot) -> Iterator[FoldDone]:
        self._console.say("Decided: trees on thumbnails.")
        fold, _, fault = os.environ.get("LIGHT_FAULT", "").partition(":")
        time.sleep(float(os.environ.get("LIGHT_SECONDS", "0")))
        if fault and folds[0] == int(fold):
            match fault:
                case "exit":
                    os._exit(7)
                case "error":
                    raise RunError("The trees do not grow.")
                case _:
                    raise OwnError("of another package")
        yield from super().train(stage, folds, slot)


if __name__ == "__main__":
    module = types.ModuleType("in_process")
    module.InProcess = Worker
    sys.modules["kaggle_prz.training.workers.in_process"] = module
    child.main(sys.argv[1:])
