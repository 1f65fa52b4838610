"""What a competition, a submission and a leaderboard row are, for every host."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Competition:
    """What a host says about a competition besides its files."""

    slug: str  # its name in commands and paths
    title: str  # its name in sentences
    metric: str = ""  # such as `"log_loss"`; empty where the host does not know it
    description: str = ""
    daily_limit: int = 0  # submissions per UTC day; 0 where it takes none, or it is not known
    flips: tuple[str, ...] = ("horizontal",)  # that leave a label what it is
    recipe: Mapping[str, object] = field(default_factory=dict)  # replaces the recipe's defaults
    kernels_only: bool = False  # submissions are outputs of kernels, not files
    license: str = ""  # SPDX identifier of the data's license, where there is one to name


@dataclass(frozen=True)
class Submission:
    """One file that was handed in."""

    ref: int  # its number, increasing
    date: str  # ISO 8601, UTC
    description: str  # what the submitter wrote
    file_name: str  # without its directory
    sha256: str  # hex digest of the file's content
    status: str  # `"pending"`, `"complete"` or `"error"`
    public_score: float | None  # None where the file was refused
    private_score: float | None  # None where refused or not yet shown
    error: str = ""  # why the file was refused


@dataclass(frozen=True)
class Standing:
    """One row of a leaderboard; `date` is that of the submission that set the score."""

    rank: int
    team: str
    score: float
    entries: int
    date: str


@dataclass(frozen=True, eq=False)
class Answers:
    """The hidden truth of the test rows; recomputed when needed, never written to a file."""

    ids: NDArray[np.str_]
    labels: NDArray[np.int64]  # indexes into `classes`
    usage: NDArray[np.str_]  # `"public"` or `"private"`
    classes: tuple[str, ...] = ()  # in the order of the sample's columns

    def __post_init__(self) -> None:
        for array in (self.ids, self.labels, self.usage):
            array.flags.writeable = False
