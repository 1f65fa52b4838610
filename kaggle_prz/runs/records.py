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
from kaggle_prz.schedule.recipe import Overrides, Stage

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
    """Hold `recipe.json`: what a run is.

    Attributes:
        competition: what its host knows it by: a name, or the path of a directory.
        recipe: as it was written, for `Recipe.parse`.
        backbone_identity: of a network that was handed over; empty where it was given by name, a
            text that says nothing where an earlier version trained.
        weights_sha256: of the weights file that the recipe names; empty without one.
        files: fingerprint of the task's rows.
        layout: what settled how the files are read.
    """

    competition: str
    recipe: dict[str, object]
    backbone_identity: Identity | str = ""
    weights_sha256: str | None = None
    files: str | None = None
    layout: Overrides = Overrides()


class PlanRecord(Record):
    """Hold `plan.json`: the stages as planned last.

    Attributes:
        settled: stages whose epochs never change again.
        complete: the plan was carried out.
        predicted_seconds: of every stage, where speeds are known.
    """

    folds: int
    time_limit: float | None = None
    settled: int
    complete: bool
    stages: tuple[PlannedStage, ...]
    predicted_seconds: tuple[float, ...] | None = None


class StageRecord(Record):
    """Hold `stage.json`: what a stage took so far, in all processes.

    Attributes:
        seconds: by part: build, features, train, predict.
        batch: images a step, and steps whose gradients are averaged; None before it was recorded.
        decisions: one sentence each.
    """

    seconds: dict[str, float] = {}
    training_traces: int = 0
    predicted_images: int = 0
    batch: tuple[int, int] | None = None
    decisions: tuple[str, ...] = ()


class Provenance(Record):
    """Hold `transfer.json`: where a fold's first weights come from.

    Attributes:
        source: the file of weights within the run, or a sentence.
        source_sha256: digest of that file; None of a sentence.
        kept, reinitialised, resampled: names of weights.
        head: how the head was set, where it was.
        batch_norm: how the statistics of batch normalization were measured, where they were.
    """

    source: str
    source_sha256: str | None
    kept: tuple[str, ...] = ()
    reinitialised: tuple[str, ...] = ()
    resampled: tuple[str, ...] = ()
    head: str | None = None
    batch_norm: str | None = None


class Seal(Record):
    """Hold `DONE`, the last file of a finished fold.

    Attributes:
        files: digest of every file, by name.
        bytes: size of every file, by name.
        score: out of fold.
        views: that the fold was predicted in, where they are not the recipe's.
    """

    files: dict[str, str]
    bytes: dict[str, int]
    score: float | None = None
    views: tuple[str, ...] = ()


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


class Receipt(Record):
    """Hold `receipt.json`: a host's answer to a submission, as far as it is known.

    The file is written when the submission is sent, again when it is graded, and last with the
    rank. A process may be killed in between, so what comes later is None until it does.

    Attributes:
        ref: the host's number of the submission.
        date: ISO 8601, UTC.
        sha256: hex digest of the file's content.
        status: `"pending"` until the host has graded it, `"complete"`, or `"error"`: refused.
        host: name of the host.
        description: what the submitter wrote.
        file_name: name of the file, without its directory.
        public_score: score on the public rows.
        private_score: score on the private rows, where the host shows it.
        error: why the file was refused.
        rank: of the team's best score on the public leaderboard.
        best_public_score: that score.
        teams: rows of the leaderboard.
        percentile: of the rank; 1 is the best of a hundred.
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
    rank: int | None = None
    best_public_score: float | None = None
    teams: int | None = None
    percentile: float | None = None

    def to_json(self) -> dict[str, object]:
        """Return the content of `receipt.json`; what is not known yet is null."""
        return self.model_dump()


def read(path: Path, kind: type[R]) -> R:
    """Read a record.

    Raises:
        RunError: the file is missing, is damaged, or was written by a newer version.
    """
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
