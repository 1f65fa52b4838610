"""`--backbone auto`: the candidates on this machine, and the one that a run gets."""

from pathlib import Path

from kaggle_prz import runs
from kaggle_prz.commands.settle import calibration
from kaggle_prz.core import environment
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.task import Task
from kaggle_prz.models import backbones
from kaggle_prz.models.backbones import Backbone, weights_sources
from kaggle_prz.models.backbones.weights_sources import within_reach
from kaggle_prz.models.fine_tuning import families
from kaggle_prz.runs import speeds
from kaggle_prz.runs.plan import workload_of
from kaggle_prz.schedule.choice import (
    AUTO,
    Choice,
    Device,
    Kind,
    Weights,
    candidates,
    describe,
    prediction,
)
from kaggle_prz.schedule.choice.choosing import choose
from kaggle_prz.schedule.cost import Measured, Speeds
from kaggle_prz.schedule.recipe import Recipe


def chosen(
    recipe: Recipe, network: Backbone, task: Task, console: Console, path: Path | None = None
) -> tuple[Recipe, Backbone, Choice | None]:
    """Return a recipe with the backbone that `auto` stands for, its network, and why.

    A recipe that names a backbone stays as it is. A run that is in `path` keeps its backbone, and
    nothing is computed.
    """
    if recipe.backbone != AUTO:
        return recipe, network, None
    known = None if path is None else runs.backbone_of(path)
    choice = _choice(recipe, task, console) if known is None else None
    name = choice.name if choice else known or candidates()[0].name
    network = backbones.resolve(name)
    recipe = recipe.model_copy(update={"backbone": network.name})
    if known is None:
        weights_sources.check(network, recipe.weights)  # refuses where no candidate has any
    if choice is not None:
        describe.show(choice, console)
    return families.settled(recipe, network), network, choice


def _choice(recipe: Recipe, task: Task, console: Console) -> Choice | None:
    weights = _weights(recipe)
    device = _device(recipe)
    foreseen, source = _speeds(recipe, task, device, weights, console)
    pretrained = recipe.weights != "none"
    workload = workload_of(recipe, task, pretrained=pretrained)
    return choose(recipe, workload, device, weights=weights, speeds=foreseen, source=source)


def _weights(recipe: Recipe) -> dict[str, Weights]:
    if recipe.weights not in {"auto", "imagenet", "none"}:
        raise UsageError(
            "A file of weights belongs to one network, so the backbone must be named; received "
            f"--weights {recipe.weights!r} and the backbone {AUTO!r}. Use --backbone NAME."
        )
    return within_reach.of([backbones.resolve(one.name) for one in candidates()], recipe.weights)


def _device(recipe: Recipe) -> Device:
    machine = environment.machine()
    kind: Kind = "cpu" if machine.endswith(" cores") else "gpu"
    if kind == "cpu":
        automatic, memory = False, environment.memory()
    elif (card := prediction.card(machine)) is not None:
        automatic, memory = card.half, int(card.memory * 2**30)
    else:
        automatic, memory = True, None
    half = automatic if recipe.precision == "auto" else recipe.precision != "float32"
    return Device(machine, kind, memory, 2 if half else 4)


def _speeds(
    recipe: Recipe,
    task: Task,
    device: Device,
    weights: dict[str, Weights],
    console: Console,
) -> tuple[dict[str, Measured], str]:
    """Return the speeds of all candidates, and where they come from."""
    known = _known(recipe)
    source = "what runs measured on this machine before: "
    if not known:
        _measure(recipe, task, weights, console)
        known, source = _known(recipe), "a few steps that were timed now: "
    otherwise = prediction.without_measurement(device.kind, device.name, environment.processors())
    if not known:
        source = "a table of devices, since nothing can be timed without TensorFlow or JAX"
    return prediction.foreseen(device.kind, known, otherwise), source + ", ".join(known)


def _known(recipe: Recipe) -> dict[str, Speeds]:
    named = {
        one.name: speeds.known(recipe.model_copy(update={"backbone": one.name}))
        for one in candidates()
    }
    return {name: found for name, found in named.items() if found is not None}


def _measure(recipe: Recipe, task: Task, weights: dict[str, Weights], console: Console) -> None:
    """Time the first candidate that can be built, at the smallest size, and keep its speed.

    Nothing is downloaded for that: without weights here, random ones do, normalised as trained
    ones are.
    """
    try:
        environment.check_framework()
    except UsageError:
        return
    missing = within_reach.NEEDS_TENSORFLOW
    name = next(one.name for one in candidates() if weights[one.name] != missing)
    console.say(f"Timing a few steps of {name} …")
    small = recipe.model_copy(
        update={
            "backbone": name,
            "sizes": recipe.sizes[:1],
            "epochs": 1.0,
            "batch_size": 32 if recipe.batch_size == "auto" else recipe.batch_size,
        }
    )
    if recipe.weights != "none" and weights[name].words != "here":
        small = small.model_copy(update={"weights": "none", "batch_norm": "inference"})
    calibration.calibrate_stages(small, backbones.resolve(name), task, Silent())
