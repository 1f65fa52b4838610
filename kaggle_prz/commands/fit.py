"""The flow of a run on one page: from a competition's name to a scored submission.

    competition -> task -> images -> folds -> plan -> (stage × fold) -> blend -> submission

Only this module knows the order. Every step leaves files; a step with sealed files is not repeated.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kaggle_prz import competitions, images, report, runs
from kaggle_prz.commands import plan as forecast
from kaggle_prz.commands import settle
from kaggle_prz.commands import submit as delivery
from kaggle_prz.commands.kernel import pushing
from kaggle_prz.commands.plan import Forecast
from kaggle_prz.core import environment, filesystem
from kaggle_prz.core.clock import Budget
from kaggle_prz.core.console import Console, Silent, duration
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.process import allocator, interrupts
from kaggle_prz.core.task import Task
from kaggle_prz.images import duplicates
from kaggle_prz.models import backbones
from kaggle_prz.report import terminal
from kaggle_prz.runs import blending
from kaggle_prz.runs.plan import Plan
from kaggle_prz.runs.records import Receipt
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Overrides, Stage
from kaggle_prz.tasks import folds, image_rows, infer, near_duplicates, outputs
from kaggle_prz.training import augmentation
from kaggle_prz.training.optimization import class_weights

if TYPE_CHECKING:
    from kaggle_prz.training.in_process import InProcess


def inspect(competition: str, *, console: Console | None = None, **overrides: str | None) -> Task:
    """Read what a competition's files are taken for; trains nothing.

    Args:
        competition: name or address of a competition, or the path of a directory with its files.
        console: gets a bar while archives are unpacked; default: says nothing.
        **overrides: `metric`, `target`, `group`, `id_column`, `positive`, to settle what the rules
            would not.

    Raises:
        CompetitionNotFoundError: no host knows it.
        DataError: the files do not say what is needed.

    Example:
        >>> inspect("shapes").cell
        'probabilities'
    """
    return read(competitions.find(competition), Overrides(**overrides), console)


def read(source: competitions.Source, overrides: Overrides, console: Console | None) -> Task:
    """Read what the files of a competition that is found already are taken for; see `inspect`."""
    about = source.about
    return infer.read(
        source.download(console),
        slug=source.slug,
        flips=about.flips,
        host_metric=about.metric or None,
        console=console,
        **overrides.given,
    )


def fit(
    competition: str,
    *,
    backbone: object = None,
    output_dir: str | Path = "runs",
    run: str | None = None,
    submit: bool = False,
    message: str = "",
    image_cache: str = "auto",
    console: Console | None = None,
    budget: Budget | None = None,
    **options: Any,
) -> Run:
    """Train every stage over every fold, ensemble, and write the submission and the report.

    The same call again goes on after the last sealed stage × fold.

    Args:
        competition: name or address of a competition, or the path of a directory with its files.
        backbone: a name, a `keras.Model`, or a function from image size to `keras.Model`.
        output_dir: the run's files go to `<output_dir>/<slug>/<run>/`.
        run: name of the run; default: made from the recipe.
        submit: send the submission to the competition's leaderboard.
        message: description of the submission.
        image_cache: how decoded images are kept: `"raw"` arrays, `"encoded"` as JPEGs, whose
            pixels differ slightly, `"none"`, or `"auto"`, by the room on the disk.
        console: where to report progress; default: nowhere.
        budget: the clock of the time limit; default: starts now.
        **options: `recipe` (the name of a recipe or the path of a TOML file), keys of `Recipe`
            (`sizes`, `folds`, `epochs`, `time_limit` in seconds, …) which win over it, and
            `metric`, `target`, `group`, `id_column`, `positive`.

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
    recipe, network = settle.settle(source, backbone, options, console)
    if first := submit and not delivery.may_be_sent(source, Path(output_dir), run):
        delivery.check(source, console)
    budget = budget or Budget(recipe.time_limit)
    if budget.limit is None:  # its caller may not know the limit of a named recipe
        budget = replace(budget, limit=recipe.time_limit)
    task = read(source, overrides, console)
    terminal.show_task(task, console)
    class_weights.check(recipe, outputs.of(task))
    path = runs.directory(Path(output_dir) / task.slug, run, recipe, task, network.identity)
    if not Run(path, recipe, task).is_finished:
        settle.check(recipe, network, task.channels)
        if submit and not first:
            delivery.check(source, console)
    with filesystem.locked(path):
        runs.begin(path, source.address, recipe, task, network.identity, overrides=overrides)
        console.say(f"Run: {path}")
        decoded = images.decode(
            task.root,
            image_rows.files_of(task),
            augmentation.decoded_sizes(recipe),
            filesystem.home() / "images" / task.slug,
            console,
            channels=task.channels,
            cache=image_cache,
        )
        this = Run(path, recipe, _as_seen(task, decoded, recipe.folds))
        for warning in this.task.warnings[len(task.warnings) :]:
            console.say(f"Note: {warning}")
        runs.write_task(path, this.task)
        placed = image_rows.place(task, decoded.readable, _draw_folds_once(this, console))
        closing = 0.0
        if not this.is_finished:
            closing = _train(this, network, placed, decoded, budget=budget, console=console)
        blending.blend(this)
        terminal.show_scores(this, console)
        if budget.has_left(closing):
            report.write_if_possible(this, console)
        else:
            console.say(f"No time is left for the report: kaggle-prz report {path} writes it.")
    late = "" if budget.has_left(0) else f", over the limit of {duration(budget.limit or 0)}"
    console.say(f"Done in {duration(budget.spent())}{late}. Submission: {this.submission}")
    if submit:
        _deliver(this, source, message, console)
        report.write_if_possible(this, Silent())
    return this


def deliver(run: Run, *, message: str = "", console: Console | None = None) -> Receipt:
    """Send a run's submission as its competition takes it: a file, or a kernel that makes it.

    Raises:
        SubmissionError, HostError: and its children; it was refused, or the host does not answer.
    """
    return _deliver(run, competitions.find(run.competition), message, console or Silent())


def _deliver(run: Run, source: competitions.Source, message: str, console: Console) -> Receipt:
    if not source.about.kernels_only:
        return delivery.send(run, source, message=message, console=console)
    digest, known = filesystem.sha256(run.submission), run.receipt
    if known and (known.sha256, known.status) == (digest, "complete"):
        console.say(f"This run was submitted before ({known.date}); it is not sent again.")
        return known
    graded = pushing.push(run.path, submit=True, message=message, console=console).submission
    if graded is None:
        raise RunError(f"{run.path} was pushed, and nothing was submitted.")
    return delivery.keep(run, source, replace(graded, sha256=digest), console)


def plan(competition: str, **options: Any) -> tuple[Stage, ...]:
    """The stages that `fit` would train, without training; takes the same options.

    Args:
        competition: name or address of a competition, or the path of a directory with its files.
        **options: of `foresee`.

    Returns:
        The stages, in order.

    Raises:
        UsageError: options that cannot be meant.

    Example:
        >>> [stage.image_size for stage in plan("shapes", sizes=(32, 64))]
        [32, 64]
    """
    return foresee(competition, **options).stages


def foresee(
    competition: str,
    *,
    backbone: object = None,
    calibrate: bool = False,
    console: Console | None = None,
    **options: Any,
) -> Forecast:
    """The stages that `fit` would train, and how long they would take.

    Times are predicted where the backbone was measured on this machine, by an earlier run or now;
    only then can a time limit be planned for.

    Args:
        competition: name or address of a competition, or the path of a directory with its files.
        backbone: a name, a `keras.Model`, or a function from image size to `keras.Model`.
        calibrate: measure a few steps at every size first.
        console: gets the stage table.
        **options: of `fit`.

    Raises:
        UsageError: options that cannot be meant.

    Example:
        >>> foresee("shapes", sizes=(32, 64)).seconds
        (None, None)
    """
    console = console or Silent()
    overrides, options = Overrides.split(options)
    source = competitions.find(competition)
    recipe, network = settle.settle(source, backbone, options, console)
    task = read(source, overrides, None)
    if calibrate:
        forecast.calibrate(recipe, network, task, console)
    pretrained = backbones.is_pretrained(network, recipe.weights)
    foreseen = forecast.of(recipe, task, pretrained=pretrained, structure=network.structure)
    foreseen.show(console)
    return foreseen


def _as_seen(task: Task, decoded: images.Decoded, parts: int) -> Task:
    """The task without what cannot be decoded, near-duplicates in one group."""
    seen = np.flatnonzero(decoded.readable)
    first = duplicates.find(decoded.stores[min(decoded.stores)], seen)
    return near_duplicates.held_together(image_rows.readable(task, decoded.readable), first, parts)


def _draw_folds_once(run: Run, console: Console) -> np.ndarray:
    file = run.path / "folds.csv"
    if not file.is_file():
        folds.write(file, run.task, folds.draw(run.task, run.recipe.folds, run.recipe.seed))
        for note in folds.notes(run.task, run.recipe.folds):
            console.say(f"Note: {note}")
    return folds.read(file, run.task, run.recipe.folds)


def _train(
    run: Run,
    network: backbones.Backbone,
    placed: image_rows.Rows,
    decoded: images.Decoded,
    *,
    budget: Budget,
    console: Console,
) -> float:
    """Train what is left of a run; returns the seconds that ensemble and report take at its end."""
    allocator.keep_freed_memory()
    with environment.without_banner():
        from kaggle_prz.training import in_process

    filesystem.write_json(
        run.path / "environment.json", environment.describe() | in_process.backend()
    )
    worker = in_process.InProcess(run, network, placed, decoded.stores, console)
    pretrained = backbones.is_pretrained(network, run.recipe.weights)
    plan = Plan(run, budget, console, pretrained=pretrained, structure=network.structure)
    before: Stage | None = None
    while (stage := plan.next()) is not None:
        if not run.is_sealed(stage):
            speed = worker.prepare(stage, before, measure=plan.needs_speed(stage))
            if (settled := plan.settle(stage, speed)) is None:
                break
            _train_folds(run, worker, plan, settled)
        with plan.closing_timed():
            blending.blend(run)
            if budget.limit is not None and plan.goes_on:  # tells how long the last one will take
                report.write_so_far(run, console)
        if not run.is_sealed(stage):
            break  # folds of the next stage would have no weights to start from
        before = stage
    plan.close()
    return plan.closing


def _train_folds(run: Run, worker: "InProcess", plan: Plan, stage: Stage) -> None:
    with allocator.networks_not_searched():
        for fold in range(run.recipe.folds):
            interrupts.check()
            if filesystem.is_sealed(run.directory(stage, fold)):
                continue
            if not plan.has_time_for(stage, fold):
                break
            plan.pause_unless_session_lasts(stage)
            plan.use(worker.stage)
            with plan.fold_timed():
                worker.train(stage, fold, plan.slot(stage, fold))
    plan.use(worker.stage)
    if plan.goes_on:  # letting go of a trained network can take half a minute
        worker.finish()
    plan.learn(worker.predict_speed(), worker.train_speed())
