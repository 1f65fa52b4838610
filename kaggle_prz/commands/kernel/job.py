"""What a kernel is to do, as a value: `kernel.json` of its bundle, and its metadata."""

import re
from pathlib import Path
from typing import Literal

import pydantic

from kaggle_prz.competitions.kaggle import slugs
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.process.scrubbing import is_key_like

Mode = Literal["train", "predict"]
Machine = Literal["cpu", "t4x2", "tpu"]
KERNEL = "kernel-metadata.json"
DATASET = "dataset-metadata.json"

SESSION = 11.5 * 3600  # s; Kaggle ends sessions after 12 h, a predicting one mostly after 9 h
TPU_SESSION = 8.5 * 3600
_LONGEST_SLUG = 50
_SHAPES: dict[Machine, str] = {"t4x2": "NvidiaTeslaT4", "tpu": "TpuV5E8"}
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)


class Job(pydantic.BaseModel):
    """What is written in `kernel.json`."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    mode: Mode  # `"train"` or `"predict"`
    competition: str  # its name at Kaggle
    # what pip installs from the bundle; what the image has already stays
    requirements: tuple[str, ...]
    kernel: str  # `owner/slug` of the kernel itself, whose last output a training goes on with
    models: tuple[str, ...] = ()  # of Kaggle Models, that hold the weights training starts from
    run: str | None = None  # name of the run; None for the one that the recipe makes
    options: dict[str, object] = {}  # of `prz.fit`
    session: float = SESSION  # seconds after which a training pauses between two folds

    @classmethod
    def read(cls, file: Path) -> "Job":
        """Read a `kernel.json`; refuse one that says something else."""
        return filesystem.read_json_as(file, cls, remedy="Build the kernel again.")


class KernelMetadata(pydantic.BaseModel):
    """What a push reads of a `kernel-metadata.json`."""

    # Before 2.10 pydantic warns of every field called `model_...`.
    model_config = pydantic.ConfigDict(protected_namespaces=())

    id: str
    title: str
    code_file: str
    language: str
    kernel_type: str
    is_private: bool
    enable_gpu: bool
    enable_tpu: bool
    machine_shape: str = ""
    dataset_sources: list[str] = []
    competition_sources: list[str] = []
    kernel_sources: list[str] = []
    model_sources: list[str] = []


class DatasetMetadata(pydantic.BaseModel):
    """What is written in `dataset-metadata.json`."""

    id: str
    title: str
    licenses: list[dict[str, str]]


def check_slug(competition: str) -> str:
    """Return a competition's name as Kaggle writes it; refuse anything else."""
    if not slugs.is_slug(competition) or competition != competition.lower():
        raise UsageError(
            "Kaggle names a competition as in its URL, in lower case with dashes, such as "
            f"leaf-classification; received {competition!r}. Give its name with --competition."
        )
    return competition


def check_owner(owner: str | None) -> str:
    """Return the name of an account; refuse anything else."""
    if not owner or not _OWNER.fullmatch(owner) or is_key_like(owner):
        received = f"received {owner!r}" if owner else "none is named"
        raise UsageError(
            f"A kernel belongs to a user of Kaggle; {received}. Give your user name with --owner "
            "NAME, or set KAGGLE_USERNAME."
        )
    return owner


def kernel_slug(mode: Mode, competition: str) -> str:
    """Return the name of the kernel of a competition; its bundle's name ends in `-bundle`."""
    longest = _LONGEST_SLUG - len("-bundle")
    return f"prz-{mode}-{competition}"[:longest].strip("-")


def kernel_metadata(
    template: dict[str, object], job: Job, machine: Machine, *, resume: bool
) -> dict[str, object]:
    """Return the metadata of a kernel: private, internet off, everything written out."""
    return template | {
        "id": job.kernel,
        "title": _title(job.kernel),
        "is_private": True,
        "enable_gpu": machine == "t4x2",
        "enable_tpu": machine == "tpu",
        "enable_internet": False,
        "machine_shape": _SHAPES.get(machine, ""),
        "dataset_sources": [f"{job.kernel}-bundle"],
        "competition_sources": [job.competition],
        "kernel_sources": [job.kernel] if resume else [],
        "model_sources": list(job.models),
    }


def dataset_metadata(job: Job) -> dict[str, object]:
    """Return the metadata of the bundle, a private dataset."""
    identity = f"{job.kernel}-bundle"
    return {"id": identity, "title": _title(identity), "licenses": [{"name": "other"}]}


def _title(identity: str) -> str:
    """Return a title that Kaggle makes the same slug of."""
    return identity.partition("/")[2].replace("-", " ")
