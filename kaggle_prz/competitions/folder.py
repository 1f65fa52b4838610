"""A local directory as a competition: files that are already there, and no leaderboard."""

import re
import unicodedata
from pathlib import Path

from kaggle_prz.competitions.competition import Competition, Standing, Submission
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import CompetitionNotFoundError, SubmissionError
from kaggle_prz.tasks.infer import hints


class FolderHost:
    """The one competition whose files lie in `directory`, to which nothing is ever written."""

    name = "folder"

    def __init__(self, directory: Path):
        self.directory = directory.expanduser().absolute()
        self._check()
        self.slug = slugify(self.directory.resolve().name)

    def knows(self, slug: str) -> bool:
        """Whether `slug` is the name that the directory gives."""
        return slug == self.slug

    def competitions(self) -> list[str]:
        """The name that the directory gives."""
        return [self.slug]

    def describe(self, slug: str) -> Competition:
        """Return what a directory tells unread: its name, and its `competition.toml`."""
        self._only(slug)
        said = hints.read(self.directory)
        return Competition(
            slug=self.slug,
            title=said.title or self.directory.name,
            metric=said.metric or "",
            description=f"Files in {self.directory}.",
            daily_limit=0,
            flips=("horizontal",) if said.flips is None else said.flips,
            recipe={},
        )

    def download(self, slug: str, console: Console | None = None) -> Path:
        """Return the directory itself; refuse where it is gone."""
        self._only(slug)
        self._check()
        return self.directory

    def check_open(self, slug: str, console: Console | None = None) -> None:
        """Refuse: a local directory has no leaderboard."""
        self.standings(slug)

    def submit(
        self,
        slug: str,
        csv: Path,
        description: str,
        *,
        again: bool = False,
        console: Console | None = None,
    ) -> Submission:
        """Refuse: nobody grades a local directory."""
        self._only(slug)
        raise SubmissionError(f"{self._no_leaderboard()} The submission is in {csv}.")

    def wait(self, slug: str, sent: Submission, console: Console | None = None) -> Submission:
        """The submission itself."""
        self._only(slug)
        return sent

    def sent_before(self, slug: str, sha256: str) -> Submission | None:
        """Never any."""
        self._only(slug)
        return None

    def submissions(self, slug: str) -> list[Submission]:
        """Always empty."""
        self._only(slug)
        return []

    def standings(self, slug: str, private: bool = False) -> list[Standing]:
        """Refuse: a local directory has no leaderboard."""
        self._only(slug)
        raise SubmissionError(
            f"{self._no_leaderboard()} Each run's submission.csv is in runs/{self.slug}."
        )

    def _no_leaderboard(self) -> str:
        return f"{self.slug!r} is the local folder {self.directory}, which has no leaderboard."

    def _only(self, slug: str) -> None:
        if slug != self.slug:
            raise CompetitionNotFoundError(
                f"The folder {self.directory} holds the competition {self.slug!r}, not {slug!r}."
            )

    def _check(self) -> None:
        if not self.directory.is_dir():
            found = "is a file" if self.directory.is_file() else "does not exist"
            raise CompetitionNotFoundError(
                f"A path must name a directory of competition files, but {self.directory} {found}."
            )


def slugify(name: str) -> str:
    """A name for paths, of `a-z 0-9 _ -`; `"competition"` where nothing is left of `name`."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", ascii_name).strip("-_") or "competition"
