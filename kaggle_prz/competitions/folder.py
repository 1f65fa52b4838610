"""A local directory as a competition: files that are already there, and no leaderboard."""

import re
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import Never

from kaggle_prz.competitions.competition import Competition
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import CompetitionNotFoundError, SubmissionError
from kaggle_prz.tasks.infer import hints


class FolderSource:
    """The competition whose files are in `directory`, to which nothing is ever written."""

    host = "folder"
    has_leaderboard = has_kernels = False

    def __init__(self, directory: Path):
        self.directory = directory.expanduser().absolute()
        self.download()
        self.address = str(self.directory.resolve())
        self.slug = slugify(self.directory.resolve().name)

    @cached_property
    def about(self) -> Competition:
        """What a directory tells unread: its name, and its `competition.toml`."""
        said = hints.read(self.directory)
        return Competition(
            slug=self.slug,
            title=said.title or self.directory.name,
            metric=said.metric or "",
            description=f"Files in {self.directory}.",
            flips=("horizontal",) if said.flips is None else said.flips,
        )

    @property
    def leaderboard(self) -> Never:
        """Refuse: nobody grades a local directory."""
        raise SubmissionError(
            f"{self.slug!r} is the local directory {self.directory}, which has no leaderboard. "
            f"Each run's submission.csv is in runs/{self.slug}."
        )

    def download(self, console: Console | None = None) -> Path:
        """Return the directory itself; refuse where it is gone."""
        if not self.directory.is_dir():
            found = "is a file" if self.directory.is_file() else "does not exist"
            raise CompetitionNotFoundError(
                "A path must name a directory with a competition's files; "
                f"{self.directory} {found}."
            )
        return self.directory


def slugify(name: str) -> str:
    """Return a name for paths, of `a-z 0-9 _ -`; `"competition"` where nothing is left of it."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", ascii_name).strip("-_") or "competition"
