"""What a competition, a submission and a leaderboard row are, for every host.

Frozen values, and the protocol of the competitions that come with the package.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Competition:
    """What a host tells of a competition besides its files.

    Attributes:
        slug: the competition's name in commands and paths.
        title: its name in sentences.
        metric: name of a metric, such as `"log_loss"`; empty where the host does not know it.
        description: what is to be told from what.
        daily_limit: submissions counted per UTC day; 0 where the host takes none.
        flips: flips that leave a label what it is: of `"horizontal"`, `"vertical"`.
        recipe: values that replace the recipe's defaults for this competition.
        kernels_only: submissions are outputs of kernels, not files.
        closed: why it takes no submissions now, in words that follow its name; else empty.
        license: SPDX identifier of the data's license, where there is one to name.
    """

    slug: str
    title: str
    metric: str
    description: str
    daily_limit: int
    flips: tuple[str, ...]
    recipe: Mapping[str, object]
    kernels_only: bool = False
    closed: str = ""
    license: str = ""


@dataclass(frozen=True)
class Submission:
    """One file that was handed in.

    Attributes:
        ref: number of the submission, increasing.
        date: ISO 8601, UTC.
        description: what the submitter wrote.
        file_name: name of the file, without its directory.
        sha256: hex digest of the file's content.
        status: `"complete"` or `"error"`.
        public_score: score on the public rows; None where the file was refused.
        private_score: score on the private rows; None where refused or not yet shown.
        error: why the file was refused.
    """

    ref: int
    date: str
    description: str
    file_name: str
    sha256: str
    status: str
    public_score: float | None
    private_score: float | None
    error: str = ""


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
    """The hidden truth of the test rows; recomputed when needed, never written to a file.

    `labels` are indexes into `classes`, whose order is that of the sample's columns; `usage` is
    `"public"` or `"private"`.
    """

    ids: NDArray[np.str_]
    labels: NDArray[np.int64]
    usage: NDArray[np.str_]
    classes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for array in (self.ids, self.labels, self.usage):
            array.flags.writeable = False


class EmbeddedCompetition(Protocol):
    """A competition whose files and whose answers the package can produce itself."""

    @property
    def competition(self) -> Competition:
        """What there is to say about it."""
        ...

    def materialise(self, directory: Path) -> None:
        """Write the public files so that `directory` appears whole or not at all."""
        ...

    def answers(self) -> Answers:
        """The truth about the test rows."""
        ...
