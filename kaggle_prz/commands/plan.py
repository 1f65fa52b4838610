"""The stages that a run would train, and how long they would take here. Trains nothing."""

from dataclasses import dataclass
from typing import Any

from kaggle_prz import competitions
from kaggle_prz.commands import inspect, settle
from kaggle_prz.commands.settle import automatic
from kaggle_prz.commands.settle.calibration import calibrate_stages
from kaggle_prz.core.clock import Budget
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.task import Task
from kaggle_prz.models.backbones import weights_sources
from kaggle_prz.models.fine_tuning import families
from kaggle_prz.runs import speeds
from kaggle_prz.runs.plan import workload_of
from kaggle_prz.schedule import describe
from kaggle_prz.schedule.cost import Speeds, Workload, cost_of
from kaggle_prz.schedule.division import divided
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.schedule.short import in_time
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.tasks.overrides import Overrides


@dataclass(frozen=True)
class Forecast:
    """Stages and their predicted time."""

    stages: tuple[Stage, ...]  # of no epochs where the time limit is too short to train
    workload: Workload  # of every stage
    speeds: Speeds | None  # measured on this machine before, or None: times are not known

    @property
    def seconds(self) -> tuple[float | None, ...]:
        """Of every stage, all folds together; None where nothing was measured."""
        if self.speeds is None:
            return (None,) * len(self.stages)
        return tuple(
            round(cost_of(stage, self.workload, self.speeds).total, 1) for stage in self.stages
        )

    def show(self, console: Console) -> None:
        """Show the stage table."""
        describe.show_stages(self.stages, self.workload, self.speeds, console)
        if self.stages[0].epochs == 0:
            console.say(describe.untrained(self.stages))


def plan(competition: str, **options: Any) -> tuple[Stage, ...]:
    """Return the stages that `fit` would train, without training; takes the same options.

    Args:
        competition: name or address of a competition, or the path of a directory with its files.
        **options: of `fit`; `calibrate=True` measures a few steps at every size first.

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
    """Return the stages that `fit` would train, and how long they would take.

    Times are predicted where the backbone was measured on this machine, by an earlier run or now;
    only then can a time limit be planned for.
    """
    console = console or Silent()
    overrides, options = Overrides.split(options)
    source = competitions.find(competition)
    recipe, network = settle.settle(source, backbone, options, console)
    task = inspect.read(source, overrides, None)
    recipe, network, _ = automatic.chosen(recipe, network, task, console)
    if calibrate:
        calibrate_stages(recipe, network, task, console)
    pretrained = weights_sources.is_pretrained(network, recipe.weights)
    if note := families.note(recipe, network):
        console.say(f"Note: {note}.")
    foreseen = of(recipe, task, pretrained=pretrained, structure=network.structure)
    foreseen.show(console)
    try:
        weights_sources.check(network, recipe.weights)
    except weights_sources.WeightsError as error:
        console.say(f"Note: `fit` would not start here. {error}")
    return foreseen


def of(recipe: Recipe, task: Task, *, pretrained: bool = True, structure: str = "") -> Forecast:
    """Return what a run of `recipe` would train; only with a known speed, within its time limit."""
    workload, known = (
        workload_of(recipe, task, pretrained=pretrained),
        speeds.known(recipe, structure),
    )
    stages = stages_of(recipe)
    if recipe.time_limit is not None and known is not None:
        stages = in_time(
            Budget(recipe.time_limit).left(),
            stages,
            workload,
            known,
            asked=None if recipe.epochs is None else [stage.epochs for stage in stages],
            shares=divided(recipe, 1.0),
        )
    return Forecast(stages, workload, known)
