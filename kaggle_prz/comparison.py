"""Does progressive resizing pay here? One fold at the last size alone, for the same time.

The guard of `fit --compare single`: the first fold is trained again, at the last stage's size
only, for as long as a fold of the staged run trained in all its stages. What is shared by folds,
building, tracing and features, counts by a fold's share on both sides, and both begin with a head
that was fitted on frozen features of their first size.
"""

import time
from collections.abc import Mapping
from typing import Any

from kaggle_prz import allocator, environment, metrics, schedule, workdir
from kaggle_prz.backbones import Backbone
from kaggle_prz.console import Console
from kaggle_prz.errors import RunError, UsageError
from kaggle_prz.metrics import Metric
from kaggle_prz.pixels import Store
from kaggle_prz.rows import Rows
from kaggle_prz.runs import Run
from kaggle_prz.schedule import Slot
from kaggle_prz.spec import Recipe, Stage

RESULT = "compare.json"
CHOICES = ("single",)
_FOLD = 0
_MOST_EPOCHS = 10_000.0  # the clock ends training


def check(compare: str | None, recipe: Recipe) -> None:
    """Refuse a comparison that cannot be made, before anything is trained.

    Raises:
        UsageError: an unknown one, one stage only, or a time limit beside it.
    """
    if compare is None:
        return
    if compare not in CHOICES:
        raise UsageError(f"--compare takes {' or '.join(CHOICES)}, received {compare!r}.")
    if len(recipe.sizes) == 1:
        raise UsageError(
            f"--compare single holds stages of several sizes against the last of them alone; "
            f"received --sizes {recipe.sizes[0]}. Give two sizes or more, or leave it out."
        )
    if recipe.time_limit is not None:
        raise UsageError(
            "--compare single trains one fold more after the run, for as long as a fold took in "
            "all stages, and no time limit counts that. Leave out --time-limit or --compare."
        )


def compare(
    run: Run,
    backbone: Backbone,
    rows: Rows,
    stores: Mapping[int, Store],
    *,
    console: Console,
) -> dict[str, Any]:
    """Train the run's first fold at its last size alone, and say which of both is better.

    Args:
        run: every stage of it sealed.
        backbone: of the run.
        rows: the run's rows.
        stores: image size -> pixels.
        console: gets bars, and the sentence.

    Returns:
        What `compare.json` holds: `seconds` of training, score and sizes of either side, `wins`
        (`"staged"`, `"single"` or `"neither"`) and a `sentence`. Where it is there already, and
        of the same folds, nothing is trained.

    Raises:
        RunError: a stage of the run is not finished.
    """
    stages = run.stages
    if not all(run.is_sealed(stage) for stage in stages):
        raise RunError(f"{run.path} is not finished, so there is nothing yet to compare with.")
    alone, stage = _alone(run, stages[-1])
    known = _known(run, alone, stages[-1], stage)
    if known is None:
        if not workdir.is_sealed(alone.directory(stage, _FOLD)):
            seconds = seconds_of(run)
            _train(alone, stage, backbone, rows, stores, seconds=seconds, console=console)
        known = _result(run, alone, stages, stage)
        workdir.write_json(run.path / RESULT, known)
    console.say(known["sentence"])
    return known


def seconds_of(run: Run) -> float:
    """Seconds that a fold of a finished run trained in all stages, with its share of the rest."""
    records = [workdir.read_json(run.path / stage.name / "stage.json") for stage in run.stages]
    parts = ("build", "features", "train")
    spent = sum(record["seconds"][part] for record in records for part in parts)
    return float(spent / run.recipe.folds)


def _alone(run: Run, last: Stage) -> tuple[Run, Stage]:
    """The run at the last size alone, and its one stage."""
    recipe = run.recipe.model_copy(
        update={
            "sizes": (last.image_size,),
            "epochs": None,
            "batch_size": last.batch_size,
            "learning_rate": last.learning_rate / run.recipe.learning_rate_fall ** (last.index - 1),
        }
    )
    return Run(run.path / "compare", recipe, run.task), schedule.stages_of(recipe)[0]


def _train(
    alone: Run,
    stage: Stage,
    backbone: Backbone,
    rows: Rows,
    stores: Mapping[int, Store],
    *,
    seconds: float,
    console: Console,
) -> None:
    allocator.keep_freed_memory()
    with environment.without_banner():
        from kaggle_prz import workers

    worker = workers.InProcess(alone, backbone, rows, stores, console)
    speed = worker.prepare(stage, None, measure=True)
    shared = worker.seconds["build"] + worker.seconds["features"]
    left = max(0.0, seconds - shared / alone.recipe.folds)
    images = len(rows.trained_on(_FOLD))
    epochs = max(0.01, left * speed.train_images / images) if speed else stage.epochs
    expected = stage.model_copy(update={"epochs": epochs})
    worker.train(expected, _FOLD, Slot(_MOST_EPOCHS, time.monotonic() + left))


def _known(run: Run, alone: Run, last: Stage, stage: Stage) -> dict[str, Any] | None:
    """What was found before, unless a fold was trained anew since."""
    file = run.path / RESULT
    if not file.is_file() or not workdir.is_sealed(alone.directory(stage, _FOLD)):
        return None
    known: dict[str, Any] = workdir.read_json(file)
    return known if known.get("seals") == _seals(run, alone, last, stage) else None


def _seals(run: Run, alone: Run, last: Stage, stage: Stage) -> list[str]:
    places = (run.directory(last, _FOLD), alone.directory(stage, _FOLD))
    return [workdir.sha256(place / workdir.SEAL) for place in places]


def _result(run: Run, alone: Run, stages: tuple[Stage, ...], stage: Stage) -> dict[str, Any]:
    metric, last = metrics.of(run.task), stages[-1]
    staged = float(workdir.read_seal(run.directory(last, _FOLD))["score"])
    single = float(workdir.read_seal(alone.directory(stage, _FOLD))["score"])
    held_out = len(workdir.read_arrays(run.directory(last, _FOLD) / "oof.npz")["ids"])
    facts: dict[str, Any] = {
        "fold": _FOLD,
        "held_out": held_out,
        "metric": metric.name,
        "seconds": round(seconds_of(run), 1),
        "staged": {"sizes": [each.image_size for each in stages], "score": staged},
        "single": {"size": stage.image_size, "score": single},
        "wins": _winner(metric, staged, single),
        "seals": _seals(run, alone, last, stage),
    }
    return facts | {"sentence": sentence(facts, metric.title)}


def _winner(metric: Metric, staged: float, single: float) -> str:
    if metric.better(staged, single):
        return "staged"
    return "single" if metric.better(single, staged) else "neither"


def sentence(facts: Mapping[str, Any], title: str) -> str:
    """Which side is better, by how much, and what it is worth.

    Args:
        facts: as in `compare.json`.
        title: of the metric.

    Example:
        >>> sides = {"staged": {"sizes": [96, 144], "score": 0.3}, "single": {"score": 0.35}}
        >>> facts = {"seconds": 80, "wins": "staged", "fold": 0, "held_out": 420}
        >>> sentence(facts | sides, "log loss")[:51]
        'Compared on fold 1, 80 s of training each: log loss'
    """
    staged, single = facts["staged"], facts["single"]
    sizes = " → ".join(map(str, staged["sizes"]))
    wins = {
        "staged": "progressive resizing wins",
        "single": f"{staged['sizes'][-1]} px alone wins",
        "neither": "neither wins",
    }[facts["wins"]]
    return (
        f"Compared on fold {facts['fold'] + 1}, {facts['seconds']:.0f} s of training each: {title} "
        f"{staged['score']:.4f} of {sizes} px, {single['score']:.4f} of {staged['sizes'][-1]} px "
        f"alone; {wins}. It is one fold of {facts['held_out']} rows."
    )
