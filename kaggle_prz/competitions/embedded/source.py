"""The host of the embedded competitions: files, grading and leaderboard on this machine."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from kaggle_prz.competitions.competition import (
    Competition,
    EmbeddedCompetition,
    Standing,
    Submission,
)
from kaggle_prz.competitions.embedded import EMBEDDED, leaderboard
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import CompetitionNotFoundError
from kaggle_prz.core.filesystem import home


class EmbeddedHost:
    """Competitions that come with the package; needs no network and no account."""

    name = "embedded"

    def knows(self, slug: str) -> bool:
        """Whether a competition of that name comes with the package."""
        return slug in EMBEDDED

    def competitions(self) -> list[str]:
        """Names of the competitions, sorted."""
        return sorted(EMBEDDED)

    def describe(self, slug: str) -> Competition:
        """What there is to say about a competition besides its files."""
        return self._get(slug).competition

    def download(self, slug: str, console: Console | None = None) -> Path:
        """Write the public files to the tool's home, where they are not there yet."""
        embedded = self._get(slug)
        directory = home() / "competitions" / slug
        embedded.materialise(directory)
        return directory

    def check_open(self, slug: str, console: Console | None = None) -> None:
        """Nothing to refuse: these competitions never end."""
        self._get(slug)

    def submit(
        self,
        slug: str,
        csv: Path,
        description: str,
        *,
        again: bool = False,
        console: Console | None = None,
    ) -> Submission:
        """Grade a file and enter it in the leaderboard, whatever was handed in before."""
        return leaderboard.submit(self._get(slug), csv, description)

    def wait(self, slug: str, sent: Submission, console: Console | None = None) -> Submission:
        """The submission itself: it was graded at once."""
        return sent

    def sent_before(self, slug: str, sha256: str) -> Submission | None:
        """The newest submission of that content that was not refused."""
        good = (s for s in self.submissions(slug) if s.sha256 == sha256 and s.status == "complete")
        return next(good, None)

    def submissions(self, slug: str) -> list[Submission]:
        """Every submission so far, the newest first."""
        return leaderboard.submissions(self._get(slug).competition.slug)

    def standings(self, slug: str, private: bool = False) -> list[Standing]:
        """The leaderboard, the best score first."""
        return leaderboard.standings(self._get(slug), private)

    def _get(self, slug: str) -> EmbeddedCompetition:
        if slug not in EMBEDDED:
            raise not_found(slug, self.competitions())
        return EMBEDDED[slug]


def not_found(slug: str, known: list[str], more: str = "") -> CompetitionNotFoundError:
    """The error for a name that no host knows; names the known ones and what was likely meant."""
    close = near(slug, known)
    meant = f" Did you mean {close!r}?" if close else ""
    return CompetitionNotFoundError(
        f"No competition is called {slug!r}.{meant} Known are {', '.join(known)}; a directory "
        f"with a competition's files may be named by its path, such as ./mine.{more}"
    )


def near(slug: str, known: Iterable[str] = EMBEDDED) -> str:
    """The known name that is much like one; empty where none is."""
    return next(iter(difflib.get_close_matches(slug.lower(), known, n=1)), "")
