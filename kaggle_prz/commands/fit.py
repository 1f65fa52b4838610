"""The flow of a run on one page: from a competition's name to a scored submission.

    resolve -> task -> images -> folds -> plan -> stages -> blend -> report

Only this module knows the order. Every step leaves files; a step with sealed files is not repeated.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_prz import competitions, images, report, runs
from kaggle_prz.commands import inspect, settle
from kaggle_prz.commands import submit as delivery
from kaggle_prz.commands.settle import automatic
from kaggle_prz.core import devices, environment, filesystem
from kaggle_prz.core.clock import Budget
from kaggle_prz.core.console import Console, Silent, duration
from kaggle_prz.core.process import allocator, interrupts
from kaggle_prz.core.task import Task
from kaggle_prz.images import Decoded, duplicates
from kaggle_prz.models.backbones import Backbone, hub, weights_sources
from kaggle_prz.models.backbones.weights_sources import is_pretrained
from kaggle_prz.report import terminal
from kaggle_prz.runs import blending, fold_files, pixels
from kaggle_prz.runs.plan import Plan
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.choice import AUTO
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks import folds, image_rows, near_duplicates, outputs
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.tasks.overrides import Overrides
from kaggle_prz.training import augmentation
from kaggle_prz.training.optimization import class_weights
from kaggle_prz.training.workers import Worker, messages, processes


def fit(
    competition: str,
    *,
    backbone: object = None,
    output_dir: str | Path = "runs",
    run: str | None = None,
    submit: bool = False,
    message: str = "",
    image_cache: str = "auto",
    workers: devices.Workers = "auto",
    console: Console | None = None,
    budget: Budget | None = None,
    **options: Any,
) -> Run:
    """Train every stage over every fold, ensemble, and write the submission and the report.

    The same call again goes on after the last sealed stage × fold.

    Args:
        competition: name or address of a competition, or the path of a directory with its files.
        backbone: a name, `"auto"`, a `keras.Model`, a function from image size to `keras.Model`,
            or the text of one: `"net.py:function"`, `"module:function"`, `"net.keras"`.
        output_dir: the run's files go to `<output_dir>/<slug>/<run>/`.
        run: name of the run; default: made from the recipe.
        submit: send the submission to the competition's leaderboard.
        message: description of the submission.
        image_cache: how decoded images are kept: `"raw"` arrays, `"encoded"` as JPEGs, whose
            pixels differ slightly, `"none"`, or `"auto"`, by the room on the disk.
        workers: how many folds of a stage are trained side by side, each in a process of its own:
            `"auto"`: one a graphics card; else a number of graphics cards or processors.
        console: where to report progress; default: nowhere.
        budget: the clock of the time limit; default: starts now.
        **options: `recipe` (the name of a recipe or the path of a TOML file), keys of `Recipe`
            (`sizes`, `folds`, `epochs`, `time_limit` in seconds, …) which win over it, and
            keys of `kaggle_prz.tasks.overrides.Overrides` (`metric`, `target`, `sample`, …).

    Returns:
        The finished run.

    Raises:
        UsageError: options that cannot be meant; all of them at once.
        DataError: files that do not say what is needed.
        RunError: the run directory is in use, or belongs to another recipe.
        PausedError: the budget's session ends before the run does.

    Example:
        >>> fit("shapes", sizes=(32, 48), epochs=1, folds=2).score < 2.0  # doctest: +SKIP
        True
    """
    console = console or Silent()
    overrides, options = Overrides.split(options)
    runs.check_name(run)
    images.cache_limit.check(image_cache)

    source = competitions.find(competition)
    devices.places(workers, folds=1)
    devices.share_memory()
    recipe, network = settle.settle(source, backbone, options, console)
    places = _places(workers, network, recipe.folds, console)
    started = any((Path(output_dir) / source.slug).glob("*/recipe.json"))  # may go on without
    if not started and recipe.backbone != AUTO:
        weights_sources.check(network, recipe.weights)
    clock = (budget or Budget(recipe.time_limit)).limited(recipe.time_limit)
    asked = submit and not delivery.may_be_sent(source, Path(output_dir), run)
    if asked:
        delivery.check(source, console)

    task = inspect.read(source, overrides, console)
    terminal.show_task(task, console)
    class_weights.check(recipe, outputs.of(task))
    path = runs.directory(
        Path(output_dir) / task.slug, run, settle.as_named(recipe, network), task, network.identity
    )
    recipe, network, choice = automatic.chosen(recipe, network, task, console, path)
    if not Run(path, recipe, task).is_finished:
        settle.check(recipe, network, task.channels, console)
        if submit and not asked:
            delivery.check(source, console)

    with filesystem.locked(path):
        runs.begin(
            path,
            source.address,
            recipe,
            task,
            network.identity,
            overrides=overrides,
            written_in=network.origin.directory if network.origin else None,
            choice=choice,
        )
        task = pixels.as_before(path, task, overrides)
        hub.keep_settings(network, path)
        console.say(f"Run: {path}")
        decoded = _decode(task, recipe, image_cache, console)
        this = Run(path, recipe, _as_seen(task, decoded, recipe.folds, console))
        runs.write_task(path, this.task)
        rows = image_rows.place(task, decoded.readable, _draw_folds_once(this, console))
        closing = _train(this, network, rows, decoded, places=places, clock=clock, console=console)
        blending.blend(this)
        terminal.show_scores(this, console)
        _write_report(this, clock, closing, console)

    late = "" if clock.has_left(0) else f", over the limit of {duration(clock.limit or 0)}"
    console.say(f"Done in {duration(clock.spent())}{late}. Submission: {this.submission}")
    if submit:
        delivery.deliver_to(source, this, message, console)
        report.write_if_possible(this, Silent())
    return this


def _places(
    workers: devices.Workers, network: Backbone, count: int, console: Console
) -> tuple[devices.Place, ...]:
    """Return where folds are trained: one place for a network that no other process can read."""
    places = devices.places(workers, count)
    if len(places) > 1 and messages.is_object(network):
        if workers != devices.AUTO:
            raise messages.refusal(network)
        console.say(f"Note: one of {len(places)} GPUs is used. {messages.refusal(network)}")
        return devices.places(1, count)
    return places


def _write_report(run: Run, clock: Budget, closing: float, console: Console) -> None:
    """Write the report, which takes `closing` seconds, unless no time is left for it."""
    if clock.has_left(closing):
        report.write_if_possible(run, console)
    else:
        console.say(f"No time is left for the report. Write it with: kaggle-prz report {run.path}")


def _decode(task: Task, recipe: Recipe, image_cache: str, console: Console) -> Decoded:
    return images.decode(
        task.root,
        image_rows.files_of(task),
        augmentation.decoded_sizes(recipe),
        filesystem.home() / "images" / task.slug,
        console,
        channels=task.channels,
        pixel_range=task.pixel_range,
        largest_pixels=task.largest_pixels,
        cache=image_cache,
    )


def _as_seen(task: Task, decoded: Decoded, parts: int, console: Console) -> Task:
    """Return the task without what cannot be decoded, near-duplicates in one group."""
    seen = np.flatnonzero(decoded.readable)
    first = duplicates.find(decoded.stores[min(decoded.stores)], seen)
    found = near_duplicates.held_together(image_rows.readable(task, decoded.readable), first, parts)
    for warning in found.warnings[len(task.warnings) :]:
        console.say(f"Note: {warning}")
    return found


def _draw_folds_once(run: Run, console: Console) -> np.ndarray:
    file = run.path / "folds.csv"
    if not file.is_file():
        folds.write(file, run.task, folds.draw(run.task, run.recipe.folds, run.recipe.seed))
        for note in folds.notes(run.task, run.recipe.folds):
            console.say(f"Note: {note}")
    return folds.read(file, run.task, run.recipe.folds)


def _train(
    run: Run,
    network: Backbone,
    rows: Rows,
    decoded: Decoded,
    *,
    places: Sequence[devices.Place],
    clock: Budget,
    console: Console,
) -> float:
    """Train the stages that are not sealed; return the seconds that blend and report will take."""
    if run.is_finished:
        return 0.0
    worker = _worker(run, network, rows, decoded, places=places, console=console)
    named = {"devices": ", ".join(place.name for place in places)} if places[1:] else {}
    filesystem.write_json(run.path / "environment.json", environment.describe() | named)
    pretrained = is_pretrained(network, run.recipe.weights)
    plan = Plan(
        run,
        clock,
        console,
        pretrained=pretrained,
        structure=network.structure,
        side_by_side=len(places),
    )
    before: Stage | None = None
    with contextlib.closing(worker):
        while (stage := plan.next()) is not None:
            if not run.is_sealed(stage):
                settled = _train_stage(run, worker, plan, stage, before, console=console)
                if settled is None:
                    break
                stage = settled
            with plan.closing_timed():
                blending.blend(run)
                if clock.limit is not None and plan.goes_on:  # its time foretells the last one's
                    report.write_so_far(run, console)
            if not run.is_sealed(stage):
                break  # folds of the next stage would have no weights to start from
            before = stage
    plan.close()
    return plan.closing


def _worker(
    run: Run,
    network: Backbone,
    rows: Rows,
    decoded: Decoded,
    *,
    places: Sequence[devices.Place],
    console: Console,
) -> Worker:
    """Return what trains the folds: this process, or a process a place."""
    parts = (run, network, rows, decoded.stores, console)
    if len(places) > 1:
        named = ", ".join(place.name for place in places)
        console.say(f"Decided: folds are trained side by side on {named}.")
        return processes.Processes(*parts, places=places)
    allocator.keep_freed_memory()
    with environment.without_banner():
        from kaggle_prz.training.workers import in_process
    return in_process.InProcess(*parts)


def _train_stage(
    run: Run, worker: Worker, plan: Plan, stage: Stage, before: Stage | None, *, console: Console
) -> Stage | None:
    """Train the folds that are not sealed; return the stage as settled, or None without time."""
    prepared = worker.prepare(stage, before, measure=plan.needs_speed(stage))
    settled = plan.settle(stage, prepared.speed)
    if settled is None:
        return None
    plan.use(prepared.stage)

    def slot(fold: int) -> Slot | None:
        interrupts.check()
        if not plan.has_time_for(settled, fold):
            return None
        plan.pause_unless_session_lasts(settled)
        return plan.slot(settled, fold)

    pending = [f for f in range(run.recipe.folds) if not run.fold_is_sealed(stage, f)]
    for fold in pending:
        if (run.directory(stage, fold) / filesystem.SEAL).exists():
            console.say(
                f"Note: files of {stage.name}, fold {fold + 1} are damaged or missing, so the "
                "fold is trained again."
            )
    finished = []
    with allocator.networks_not_searched():
        for done in worker.train(settled, pending, slot):
            fold_files.keep(run, done)
            plan.use(done.stage)
            plan.fold_took(done.wall)
            finished.append(done)
    plan.learn(*fold_files.speeds_of(finished))
    return settled
