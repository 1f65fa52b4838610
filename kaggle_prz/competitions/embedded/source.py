"""The embedded competitions as sources: files, grading and leaderboard on this machine."""

import difflib
from pathlib import Path

from kaggle_prz.competitions.embedded import EMBEDDED
from kaggle_prz.competitions.embedded.leaderboard import Board
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import CompetitionNotFoundError
from kaggle_prz.core.filesystem import home


class EmbeddedSource:
    """A competition that comes with the package; needs no network and no account."""

    host = "embedded"
    has_leaderboard, has_kernels = True, False

    def __init__(self, slug: str):
        if not is_embedded(slug):
            raise not_found(slug)
        self.slug = self.address = slug
        self._embedded = EMBEDDED[slug]
        self.about = self._embedded.competition
        self.leaderboard = Board(self._embedded)

    def download(self, console: Console | None = None) -> Path:
        """Write the public files to the tool's home, where they are not there yet."""
        directory = home() / "competitions" / self.slug
        self._embedded.materialise(directory)
        return directory


def is_embedded(slug: str) -> bool:
    """Return whether a competition of that name comes with the package."""
    return slug in EMBEDDED


def not_found(slug: str, more: str = "") -> CompetitionNotFoundError:
    """Return the error for a name that no host knows: the known ones, and what may be meant."""
    close = near(slug)
    meant = f" Did you mean {close!r}?" if close else ""
    return CompetitionNotFoundError(
        f"No competition is called {slug!r}.{meant} The embedded competitions are "
        f"{', '.join(sorted(EMBEDDED))}. For a directory with a competition's files, give its "
        f"path, such as ./mine.{more}"
    )


def near(slug: str) -> str:
    """Return the embedded competition whose name is much like one; empty where none is."""
    return next(iter(difflib.get_close_matches(slug.lower(), EMBEDDED, n=1)), "")
