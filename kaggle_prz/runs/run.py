"""A run as a value: its recipe, task, stages and scores, read from its files."""

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pydantic
from numpy.typing import NDArray

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError, UsageError
from kaggle_prz.core.identity import Identity, other_network
from kaggle_prz.core.task import Images, Task, Text
from kaggle_prz.metrics import decisions
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.runs import records
from kaggle_prz.runs.records import (
    BlendRecord,
    ChoiceRecord,
    PlanRecord,
    Receipt,
    Record,
    RunRecord,
    StageRecord,
)
from kaggle_prz.schedule.choice import Choice
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks.overrides import Overrides

WEIGHTS = "model.weights.h5"
_BAGS = tuple(field.name for field in fields(Images))
_ARRAYS = ("train_ids", "train_files", "labels", "groups", "test_ids", "test_files")
# `task.json` holds what is no array; what it lacks has the task's default.
_FACTS = {field.name: field for field in fields(Task) if field.name not in {*_ARRAYS, "bags"}}
_TYPES = get_type_hints(Task)
_model: Callable[..., type[Record]] = pydantic.create_model
TaskRecord = _model(
    "TaskRecord",
    __base__=Record,
    **{
        name: (_TYPES[name], ... if field.default is MISSING else field.default)
        for name, field in _FACTS.items()
    },
)


@dataclass(frozen=True)
class Run:
    """One run directory: how it trains, and what its files were taken for."""

    path: Path
    recipe: Recipe
    task: Task  # without training images that cannot be read

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.path.name

    @property
    def record(self) -> RunRecord:
        """What the run is, as it was written down when it began."""
        return records.read(self.path / "recipe.json", RunRecord)

    @property
    def competition(self) -> str:
        """What its host knows the competition by: a name, or the path of a directory."""
        return self.record.competition

    @property
    def overrides(self) -> Overrides:
        """What settled how its files are read."""
        return self.record.layout

    @property
    def choice(self) -> Choice | None:
        """Why the run has its backbone, where its recipe had left that open."""
        found = records.read_if_any(self.path / "backbone.json", ChoiceRecord)
        return found.choice if found else None

    @property
    def plan(self) -> PlanRecord:
        """The plan, as written last."""
        return records.read(self.path / "plan.json", PlanRecord)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages as planned last."""
        return self.plan.stages

    @property
    def is_finished(self) -> bool:
        """Whether all that the plan names is sealed."""
        try:
            plan = self.plan
        except RunError:
            return False
        return plan.complete and all(map(self.is_sealed, plan.stages))

    @property
    def blend(self) -> BlendRecord:
        """Scores of every stage and fold, and which of them are submitted."""
        return records.read(self.path / "blend.json", BlendRecord)

    @property
    def decision(self) -> Decision:
        """How predictions become answers: as the blend says, else as nothing fitted does."""
        default = decisions.default(metrics.of(self.task), self.task.kind, len(self.task.classes))
        return self.blend.decision or default

    @property
    def score(self) -> float:
        """Out-of-fold score of what is submitted, by the task's metric."""
        return self.blend.score

    @property
    def submission(self) -> Path:
        """The submission file."""
        return self.path / "submission.csv"

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.path / "report.html"

    @property
    def receipt(self) -> Receipt | None:
        """What the host answered to the submission so far, or None."""
        return records.read_if_any(self.path / "receipt.json", Receipt)

    @property
    def oof(self) -> pd.DataFrame:
        """Out-of-fold predictions of what is submitted: one row an id, one column a class."""
        arrays = filesystem.read_arrays(self.path / "oof.npz")
        return pd.DataFrame(
            arrays["probabilities"],
            index=pd.Index(arrays["ids"], name=self.task.id_column),
            columns=list(self.task.classes),
        )

    def measured(self, stage: Stage) -> StageRecord | None:
        """Return what a stage took so far, or None before its first fold is sealed."""
        return records.read_if_any(self.path / stage.name / "stage.json", StageRecord)

    def directory(self, stage: Stage, fold: int) -> Path:
        """Return directory of one fold of one stage."""
        return self.path / stage.name / f"fold{fold}"

    def weights(self, stage: Stage, fold: int) -> Path:
        """Return the file of weights that a fold of a stage predicts from."""
        return self.directory(stage, fold) / WEIGHTS

    def is_sealed(self, stage: Stage) -> bool:
        """Return whether every fold of a stage is finished."""
        return len(self.sealed(stage)) == self.recipe.folds

    def fold_is_sealed(self, stage: Stage, fold: int) -> bool:
        """Return whether a fold of a stage is finished."""
        return filesystem.is_sealed(self.directory(stage, fold))

    def sealed(self, stage: Stage) -> list[int]:
        """Return the folds of a stage that are finished."""
        folds = range(self.recipe.folds)
        return [fold for fold in folds if self.fold_is_sealed(stage, fold)]


def check_name(name: str | None) -> None:
    """Refuse names that have slashes, begin with a dot, or are empty."""
    if name is not None and (not name or name.startswith(".") or Path(name).name != name):
        raise UsageError(
            "--run takes a name without slashes that does not start with a dot; received "
            f"{name!r}. Set the directory above it with --output-dir."
        )


def directory(
    parent: Path, name: str | None, recipe: Recipe, task: Task, identity: Identity | None
) -> Path:
    """Return the run's directory: the same recipe and network on the same files is the same run."""
    if name is not None:
        return parent / name
    facts = recipe.model_dump_json() + fingerprint(task) + (identity.digest if identity else "")
    digest = hashlib.sha256((facts + _weights_digest(recipe)).encode())
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", recipe.backbone.rstrip("/").rpartition("/")[2])
    name = "-".join([plain, *map(str, recipe.sizes), digest.hexdigest()[:6]])
    if identity is None:
        return parent / name
    # What a network puts out is compared with a tolerance, so it has no place in a digest.
    names = itertools.chain([name], (f"{name}-{count}" for count in itertools.count(2)))
    files = (parent / one / "recipe.json" for one in names)
    return next(
        file.parent
        for file in files
        if not file.is_file()
        or not other_network(records.read(file, RunRecord).backbone_identity, identity)
    )


def _weights_digest(recipe: Recipe) -> str:
    """Return the digest of the weights file that a recipe names; empty where it names none."""
    path = Path(recipe.weights).expanduser()
    named = recipe.weights not in {"auto", "imagenet", "none"}
    return filesystem.sha256(path) if named and path.is_file() else ""


def fingerprint(task: Task) -> str:
    """Return the digest of a task's ids, files, labels, groups and form of the submission."""
    digest = hashlib.sha256()
    for array in [*(getattr(task, name) for name in _ARRAYS), *_of_bags(task).values()]:
        digest.update(b"\0" if array is None else "\n".join(map(str, array.tolist())).encode())
    columns = task.classes, task.target_columns
    form: list[object] = [*columns, task.cell, task.metric, task.kind, task.channels]
    if task.heads:
        form.append([asdict(head) for head in task.heads])
    digest.update(json.dumps(form).encode())
    return digest.hexdigest()[:16]


def _of_bags(task: Task) -> dict[str, NDArray[np.int64] | Text]:
    """Return the arrays of a task's bags by their names in `task.npz`."""
    return {} if task.bags is None else {f"bags_{name}": getattr(task.bags, name) for name in _BAGS}


def begin(
    path: Path,
    competition: str,
    recipe: Recipe,
    task: Task,
    identity: Identity | None,
    *,
    overrides: Overrides | None = None,
    written_in: Path | None = None,
    choice: Choice | None = None,
) -> None:
    """Write down what a run is, or refuse a directory with a run of another recipe or files.

    `written_in` is where the recipe names a network of the user's own, `choice` why a recipe that
    left the backbone open has this one.
    """
    wanted = RunRecord(
        competition=competition,
        recipe=recipe.model_dump(mode="json"),
        backbone_identity=identity or "",
        weights_sha256=_weights_digest(recipe),
        files=fingerprint(task),
        layout=Overrides(**(overrides or Overrides()).given),
    )
    if written_in is not None:
        wanted = wanted.model_copy(update={"backbone_directory": str(written_in)})
    file = path / "recipe.json"
    if not file.is_file():
        if choice is not None:
            records.write(path / "backbone.json", ChoiceRecord(choice=choice))
        records.write(file, wanted)
        return
    found = records.read(file, RunRecord)
    Recipe.parse(found.recipe)  # refuses keys that no recipe has any more
    # The user's own networks are compared by what they compute, weights files by their content.
    by_identity = {"backbone"} if identity and found.backbone_identity else set()
    if wanted.weights_sha256 and found.weights_sha256 == wanted.weights_sha256:
        by_identity.add("weights")
    shown = ", ".join(
        f"{key} {found.recipe.get(key)!r} there, {value!r} here"
        for key, value in wanted.recipe.items()
        if found.recipe.get(key) != value and key not in by_identity
    )
    if shown:
        raise RunError(
            f"{path} has a run with another recipe ({shown}). Choose another run with --run "
            "NAME, or give the same options to continue this one."
        )
    if changed := other_network(found.backbone_identity, identity):
        raise RunError(
            f"{path} has a run with another network{_also(found, recipe)}: {changed}. "
            "Choose another run with --run NAME."
        )
    if found.weights_sha256 and not wanted.weights_sha256:
        raise RunError(
            f"{path} has a run that started from {found.recipe['weights']}, which is not there. "
            "Put it back to continue the run; kaggle-prz predict does without it."
        )
    for field, what in (("files", "files"), ("weights_sha256", "weights file")):
        if getattr(found, field) not in {None, getattr(wanted, field)}:
            raise RunError(
                f"{path} has a run whose {what} changed since it started. "
                "Choose another run with --run NAME."
            )


def _also(found: RunRecord, recipe: Recipe) -> str:
    same = found.recipe.get("backbone") == recipe.backbone
    return f" that is also called {recipe.backbone}" if same else ""


def write_task(path: Path, task: Task) -> None:
    """Write the task as `task.json` and `task.npz`."""
    arrays = {name: getattr(task, name) for name in _ARRAYS if getattr(task, name) is not None}
    filesystem.write_arrays(path / "task.npz", **arrays, **_of_bags(task))
    facts = {name: getattr(task, name) for name in _FACTS}
    records.write(path / "task.json", TaskRecord.model_validate(facts))


def load_run(path: str | Path) -> Run:
    """Read a run back from its directory.

    Args:
        path: `runs/<slug>/<run>`.

    Raises:
        RunError: the directory holds no run.

    Example:
        >>> load_run("runs/shapes/first").score  # doctest: +SKIP
        0.1234
    """
    path = Path(path)
    if not path.is_dir():
        raise RunError(f"There is no directory {path}. The command kaggle-prz runs lists the runs.")
    recipe = Recipe.parse(records.read(path / "recipe.json", RunRecord).recipe)
    written = records.read(path / "task.json", TaskRecord)
    arrays = filesystem.read_arrays(path / "task.npz")
    facts = {name: getattr(written, name) for name in _FACTS}
    facts |= {name: arrays.get(name) for name in _ARRAYS}
    if f"bags_{_BAGS[0]}" in arrays:
        facts["bags"] = Images(**{name: arrays[f"bags_{name}"] for name in _BAGS})
    make: Callable[..., Task] = Task
    return Run(path, recipe, make(**facts))


def all_runs(output_dir: Path) -> Iterator[Path]:
    """Yield directories of runs below `output_dir`, oldest first."""
    yield from sorted(
        (file.parent for file in output_dir.glob("*/*/recipe.json")),
        key=lambda path: (path / "recipe.json").stat().st_mtime,
    )
