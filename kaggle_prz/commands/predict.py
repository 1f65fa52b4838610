"""A finished run on other files of its competition: new test images -> a submission.

The files are read again; what the run learned, how it averages and how it decides stay as they
are. Trains nothing, and reads no training image.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import competitions, images, runs, submission
from kaggle_prz.commands import settle
from kaggle_prz.core import environment, filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import DataError, RunError
from kaggle_prz.core.process import allocator
from kaggle_prz.core.task import Images, Task
from kaggle_prz.models import backbones
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.submission import ensemble
from kaggle_prz.tasks import infer, outputs
from kaggle_prz.tasks.image_rows import pooled

# What the weights and the decision of a run were made for.
_FIXED = ("kind", "classes", "heads", "channels", "id_column", "target_columns", "melted")


def predict(
    run: Run | str | Path,
    *,
    competition: str | None = None,
    output: str | Path = "submission.csv",
    backbone: object = None,
    console: Console | None = None,
) -> Path:
    """Predict the test images that a competition's files hold now, as a run's blend does.

    Args:
        run: a finished run, or its directory.
        competition: name of the competition, or the path of a directory with its files; default:
            where the run found them.
        output: the submission, in the form of the sample submission that is found there.
        backbone: what the run was given, where that was an object, or has moved.
        console: gets a bar for every fold.

    Returns:
        Path of the submission.

    Raises:
        DataError: the files are of another task than those that the run was fitted to.
        RunError: the run is not finished, or its weights are not there.
        UsageError: a backbone that is not the run's.

    Example:
        >>> predict("runs/shapes/first", competition="./shapes-2")  # doctest: +SKIP
        PosixPath('submission.csv')
    """
    run = run if isinstance(run, Run) else runs.load_run(run)
    console, path = console or Silent(), Path(output)
    filesystem.check_place(path)
    network = settle.network_of(run, backbone, console)
    members = list(_members(run))
    task = read_again(run, competition or run.competition, console)
    sizes = sorted({stage.image_size for stage, *_ in members})
    decoded = images.decode(
        task.root,
        task.images.test_files.tolist(),
        sizes,
        filesystem.home() / "images" / task.slug,
        console,
        channels=task.channels,
        pixel_range=task.pixel_range,
        largest_pixels=task.largest_pixels,
    )
    seen = task.images.test_rows[decoded.readable]
    mean = _mean_of_folds(run, task, network, decoded=decoded, members=members, console=console)
    seen_ids, mean = pooled(task.test_ids[seen], mean)
    if len(seen_ids) < len(task.test_ids):
        console.say(
            f"Note: {len(task.test_ids) - len(seen_ids)} of {len(task.test_ids)} test rows have "
            "no image that can be decoded; predicting the class prior for them."
        )
    ids, predictions = ensemble.with_unseen(
        seen_ids, run.blend.mix.of(mean), task.test_ids, outputs.of(task).prior(task.labels)
    )
    submission.write(path, task, ids, predictions, run.decision)
    console.say(f"Predicted {len(seen)} images with {len(members)} networks. Submission: {path}")
    return path


def read_again(run: Run, competition: str, console: Console | None = None) -> Task:
    """Return the task of a run with the test rows that a competition's files hold now.

    Training rows, labels and the form of cells are the run's; only what there is to predict is
    taken from the files.
    """
    overrides = run.overrides.model_copy(update={"metric": run.task.metric})
    found = infer.read(
        competitions.find(competition).download(),
        slug=run.task.slug,
        flips=run.task.flips,
        console=console,
        **overrides.given,
    )
    for name in _FIXED:
        fitted, here = getattr(run.task, name), getattr(found, name)
        if fitted != here:
            raise DataError(
                f"A run predicts only files with the same task. The {name.replace('_', ' ')} of "
                f"{run.path.name}: {_shown(fitted)}; of {found.root}: {_shown(here)}. Train "
                "another run on these files."
            )
    return replace(
        run.task,
        root=found.root,
        sample=found.sample,
        test_ids=found.test_ids,
        test_files=found.test_files,
        bags=_bags(run.task, found),
    )


def _bags(fitted: Task, found: Task) -> Images | None:
    """Return the images of rows, where rows have several here or had when the run was fitted."""
    if fitted.bags is None and found.bags is None:
        return None
    own, here = fitted.images, found.images
    return Images(own.train_files, own.train_rows, here.test_files, here.test_rows)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _members(run: Run) -> Iterator[tuple[Stage, int, Sequence[str]]]:
    """Stage and fold of what the blend averages, stage by stage, and the views of some."""
    stages = {stage.name: stage for stage in run.stages}
    for member in sorted(run.blend.members, key=lambda one: (one.stage, one.fold)):
        stage = stages[member.stage]
        if not (file := run.weights(stage, member.fold)).is_file():
            raise RunError(
                f"{file} is missing, and the run's submission uses this fold. Restore the file, "
                "or run the fit command again."
            )
        yield stage, member.fold, member.views


def _mean_of_folds(
    run: Run,
    task: Task,
    network: backbones.Backbone,
    *,
    decoded: images.Decoded,
    members: Sequence[tuple[Stage, int, Sequence[str]]],
    console: Console,
) -> NDArray[np.float64]:
    """`(test seen, columns)` in the labels' units: the mean of what every member predicts."""
    seen, meant = np.flatnonzero(decoded.readable), outputs.of(task)
    if not len(seen):
        return np.zeros((0, meant.count))
    allocator.keep_freed_memory()
    with environment.without_banner():
        from kaggle_prz.models import prediction
        from kaggle_prz.training import restore

    usual = prediction.views_of(task.flips, run.recipe.tta)
    total = np.zeros((len(seen), meant.count))
    for stage, folds in itertools.groupby(members, key=lambda member: member[0]):
        trained = restore.Restored(run, network, stage)
        for _, fold, own in folds:
            trained.set_fold(fold)
            answering = prediction.Answering(trained.classifier, meant)
            views = tuple(own) or usual
            label = f"predict · {stage.name} · fold {fold + 1}"
            with console.bar(label, len(seen) * len(views)) as advance:
                rows = prediction.predict(
                    answering,
                    decoded.stores[stage.image_size],
                    seen,
                    batch_size=stage.batch_size,
                    views=views,
                    advance=advance,
                )
            total += meant.predictions(rows)
    mean: NDArray[np.float64] = total / len(members)
    return mean
