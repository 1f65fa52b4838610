"""Time a few steps of every stage on made-up pixels, and keep the speeds for this machine."""

import tempfile
from pathlib import Path

import numpy as np

from kaggle_prz.commands import settle
from kaggle_prz.core import environment
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.process import allocator
from kaggle_prz.core.task import Task
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.runs import speeds
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import batch_size, stages_of
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.training.augmentation import stored_size

_STEPS = 8  # that there are images for; fewer are timed


def calibrate_stages(recipe: Recipe, network: Backbone, task: Task, console: Console) -> None:
    """Time a few steps of every stage on made-up pixels, and keep the speeds for this machine.

    The stages are built and measured as a run does it; no image is opened.
    """
    settle.check(recipe, network, task.channels, console)
    allocator.keep_freed_memory()
    with environment.without_banner():
        from kaggle_prz.training.workers import in_process

    stages = stages_of(recipe)
    rows = _made_up_rows(task, recipe)
    random = np.random.default_rng(0)
    with (
        tempfile.TemporaryDirectory() as place,
        console.bar("measuring", len(stages)) as advance,
    ):
        for stage in stages:
            stores = {
                size: random.integers(0, 256, (len(rows.ids), size, size, task.channels), np.uint8)
                for size in (stage.image_size, stored_size(stage.image_size, recipe.presize))
            }
            run = Run(Path(place), recipe, task)
            worker = in_process.InProcess(run, network, rows, stores, Silent())
            prepared = worker.prepare(stage, None, measure=True)
            if prepared.speed is not None:
                speeds.keep(recipe, stage, prepared.speed, network.structure)
            advance(1)


def _made_up_rows(task: Task, recipe: Recipe) -> Rows:
    """As many images as a few steps take, but no more than a fold trains on."""
    trained = len(task.images.train_rows) * (recipe.folds - 1) // recipe.folds
    batch = batch_size(recipe, recipe.sizes[0])
    count = max(1, min(_STEPS * batch, trained))
    stored = min(batch, count)
    return Rows(
        ids=np.full(stored, "made up"),
        folds=np.ones(len(task.labels), np.int64),  # fold 0 holds nothing out
        train=np.arange(count) % stored,
        train_rows=task.images.train_rows[:count],
        test=np.zeros(0, np.int64),
    )
