"""The JSON files of a run as frozen values: one model a file, with the version of its form.

Files of 0.1.0 have no version (its `recipe.json` has the package's, a text) and are read as they
are. A field that a file may lack has a default; any other is damage, reported where the file is
read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

import pydantic
from pydantic import BeforeValidator, PlainSerializer

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.identity import Identity
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.schedule.choice import Choice
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.submission.constant import Mix
from kaggle_prz.tasks.overrides import Overrides

VERSION = filesystem.RECORD_VERSION


def _number_of(version: object) -> object:
    return VERSION if isinstance(version, str) else version


def _without_name(stage: object) -> object:
    if not isinstance(stage, Mapping):
        return stage
    return {key: value for key, value in stage.items() if key != "name"}


def _with_name(stage: Stage) -> dict[str, object]:
    return {"name": stage.name, **stage.model_dump()}


PlannedStage = Annotated[Stage, BeforeValidator(_without_name), PlainSerializer(_with_name)]


class Record(pydantic.BaseModel):
    """What a JSON file of a run holds."""

    model_config = pydantic.ConfigDict(frozen=True)
    remedy: ClassVar[str] = filesystem.MADE_AGAIN  # for damage of the file

    version: Annotated[int, BeforeValidator(_number_of)] = VERSION

    def to_json(self) -> dict[str, object]:
        """Return the content of the file; fields that were not given are left out."""
        return {**self.model_dump(mode="json", exclude_unset=True), "version": VERSION}


R = TypeVar("R", bound=Record)


class RunRecord(Record):
    """Hold `recipe.json`: what a run is."""

    competition: str  # what its host knows it by: a name, or the path of a directory
    recipe: dict[str, object]  # as it was written, for `Recipe.parse`
    # Of a network that was handed over; empty where it was given by name, a text that says
    # nothing where an earlier version trained.
    backbone_identity: Identity | str = ""
    # In which the recipe's text of a network of the user's own was written; empty for others.
    backbone_directory: str = ""
    weights_sha256: str | None = None  # of the file that the recipe names; empty without one
    files: str | None = None  # fingerprint of the task's rows
    layout: Overrides = Overrides()  # what settled how the files are read


class ChoiceRecord(Record):
    """Hold `backbone.json`: why a run has its backbone, where its recipe had left that open."""

    choice: Choice


class PlanRecord(Record):
    """Hold `plan.json`: the stages as planned last."""

    folds: int
    time_limit: float | None = None
    settled: int  # stages whose epochs never change again
    complete: bool  # the plan was carried out
    stages: tuple[PlannedStage, ...]
    predicted_seconds: tuple[float, ...] | None = None  # of every stage, where speeds are known


class StageRecord(Record):
    """Hold `stage.json`: what a stage took so far, in all processes."""

    seconds: dict[str, float] = {}  # by part: build, features, train, predict
    training_traces: int = 0
    predicted_images: int = 0
    batch: tuple[int, int] | None = None  # images a step, steps whose gradients are averaged
    decisions: tuple[str, ...] = ()  # one sentence each
    devices: dict[str, float] = {}  # seconds of folds by device, where there are several


class Provenance(Record):
    """Hold `transfer.json`: where a fold's first weights come from."""

    source: str  # the file of weights within the run, or a sentence
    source_sha256: str | None  # digest of that file; None of a sentence
    kept: tuple[str, ...] = ()  # names of weights, as the next two
    reinitialised: tuple[str, ...] = ()
    resampled: tuple[str, ...] = ()
    head: str | None = None  # how it was set, where it was
    batch_norm: str | None = None  # how its statistics were measured, where they were


class Seal(Record):
    """Hold `DONE`, the last file of a finished fold."""

    files: dict[str, str]  # digest of every file, by name
    bytes: dict[str, int]  # size of every file, by name
    score: float | None = None  # out of fold
    views: tuple[str, ...] = ()  # that the fold was predicted in, where not the recipe's


class Member(pydantic.BaseModel):
    """A fold of a stage in a blend; also the views it predicted in, where not the recipe's."""

    model_config = pydantic.ConfigDict(frozen=True)

    stage: str
    fold: int
    views: tuple[str, ...] = ()


class StageScores(pydantic.BaseModel):
    """Out-of-fold scores of a stage's sealed folds, and of the stage where all are sealed."""

    model_config = pydantic.ConfigDict(frozen=True)

    name: str
    fold_scores: tuple[float, ...]
    score: float | None = None
    accuracy: float | None = None


class BlendRecord(Record):
    """Hold `blend.json`: what is submitted, and the scores of every stage and fold."""

    metric: str = ""
    score: float
    decision: Decision | None = None
    reason: str
    submission_sha256: str | None = None
    members: tuple[Member, ...]
    stages: tuple[StageScores, ...]
    constant: tuple[float, ...] = ()  # the best one for every row; earlier versions have none
    constant_score: float | None = None  # on the training rows
    constant_share: float = 0.0  # of it in every prediction

    @property
    def mix(self) -> Mix:
        """How much of a constant is in every prediction."""
        return Mix(self.constant, self.constant_score or 0.0, self.constant_share)


class Receipt(Record):
    """Hold `receipt.json`: a host's answer to a submission, as far as it is known.

    The file is written when the submission is sent, again when it is graded, and last with the
    rank. A process may be killed in between, so what comes later is None until it does. Fields
    that a `Submission` has mean the same.
    """

    remedy: ClassVar[str] = (
        "Remove that file and submit the run again; a submission that was made before is not "
        "made twice."
    )

    host: str = ""
    ref: int
    date: str
    description: str = ""
    file_name: str = ""
    sha256: str
    status: Literal["pending", "complete", "error"]
    public_score: float | None = None
    private_score: float | None = None
    error: str | None = None
    rank: int | None = None  # of the team's best score on the public leaderboard
    best_public_score: float | None = None
    teams: int | None = None  # rows of the leaderboard
    percentile: float | None = None  # of the rank; 1 is the best of a hundred

    def to_json(self) -> dict[str, object]:
        """Return the content of `receipt.json`; what is not known yet is null."""
        return self.model_dump()


def read(path: Path, kind: type[R]) -> R:
    """Read a record; refuse a file that is missing, damaged, or of a newer version."""
    found = filesystem.read_json(path, remedy=kind.remedy)
    version = found.get("version")
    if isinstance(version, int) and version > VERSION:
        raise RunError(
            f"{path} was written by a newer version of kaggle-prz (format version {version}; "
            f"this version reads up to {VERSION}). Install the newer version to use this run."
        )
    return filesystem.checked(path, found, kind, remedy=kind.remedy)


def read_if_any(path: Path, kind: type[R]) -> R | None:
    """Read a record, or return None where there is no such file."""
    return read(path, kind) if path.is_file() else None


def write(path: Path, record: Record) -> None:
    """Write a record, in place of an earlier one."""
    filesystem.write_json(path, record.to_json())


def backbone_of(path: Path) -> str | None:
    """Return the backbone of the run in a directory, as its recipe names it; None without a run."""
    record = read_if_any(path / "recipe.json", RunRecord)
    return None if record is None else Recipe.parse(record.recipe).backbone
