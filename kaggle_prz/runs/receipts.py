"""What a host answered to a run's submission: `receipt.json`, written in steps.

The file is written when the submission is sent, again when it is graded, and last with the rank.
A process may be killed in between, so what comes later is None until it does.
"""

from pathlib import Path
from typing import Literal

import pydantic

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError

FILE = "receipt.json"


class Receipt(pydantic.BaseModel):
    """A host's answer to a submission, as far as it is known.

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

    model_config = pydantic.ConfigDict(frozen=True)

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


def read(run: Path) -> Receipt | None:
    """Return the receipt in a run's directory, or None where nothing was submitted.

    Raises:
        RunError: the file is damaged.

    Example:
        >>> read(Path("nowhere")) is None
        True
    """
    path = run / FILE
    if not path.is_file():
        return None
    try:
        return Receipt.model_validate_json(path.read_bytes())
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}" if where else first["msg"]
    raise RunError(
        f"{path} should hold what the host answered to the submission, but cannot be read "
        f"({reason}). Remove that file and submit the run again: what the host has already is "
        "not sent another time."
    )


def write(run: Path, receipt: Receipt) -> None:
    """Write a run's receipt, in place of an earlier one."""
    filesystem.write_json(run / FILE, receipt.to_json())
