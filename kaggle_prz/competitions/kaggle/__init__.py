"""Kaggle as a host of competitions: files, submissions, leaderboard; unattended and resumable.

`slugs` reads names and addresses, `places` knows where files are, `credentials` finds a login,
`door` asks through the official client (`wire` alone imports it) with `patience`, and `failures`
makes sentences of what goes wrong. Above them `download` (`fetching`), `submitting` (`uploading`,
`sent`), `leaderboard` and `facts`.
"""

from pathlib import Path

from kaggle_prz.competitions.competition import Competition, Standing, Submission
from kaggle_prz.competitions.kaggle import (
    download,
    leaderboard,
    metadata,
    paths,
    slugs,
)
from kaggle_prz.competitions.kaggle import (
    submissions as sent,
)
from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.credentials import Credentials, credentials
from kaggle_prz.competitions.kaggle.retry import Patience
from kaggle_prz.competitions.kaggle.submissions import sending
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import CompetitionNotFoundError, HostError

__all__ = ["Credentials", "Door", "KaggleHost", "Patience", "can_ask", "credentials"]


def can_ask(slug: str) -> bool:
    """Return whether a competition may be had: it is here already, or there is a login."""
    if not slugs.is_slug(slug):
        return False
    here = paths.mounted(slug) or paths.has_files(slug) or slug in paths.known()
    return bool(here) or credentials() is not None


class KaggleHost:
    """Competitions of Kaggle; what was downloaded or is mounted needs no network and no account."""

    name = "kaggle"

    def __init__(self, door: Door | None = None):
        self.door = door or Door()

    def knows(self, slug: str) -> bool:
        """Whether a competition of that name is here, or Kaggle has it."""
        if not slugs.is_slug(slug):
            return False
        if paths.mounted(slug) or paths.has_files(slug):
            return True
        try:
            metadata.get(slug, self.door)
        except CompetitionNotFoundError:
            return False
        return True

    def competitions(self) -> list[str]:
        """Names of the competitions that are mounted, or were asked for before."""
        return sorted({*paths.all_mounted(), *paths.known()})

    def describe(self, slug: str) -> Competition:
        """Return what Kaggle says about a competition, or said when it was last asked."""
        if paths.mounted(slug):
            known = metadata.kept(slug) or metadata.Facts(slug, title=slug)
            return known.competition()
        try:
            return metadata.get(slug, self.door).competition()
        except HostError:
            if not paths.has_files(slug):
                raise
            return metadata.Facts(slug, title=slug).competition()

    def download(self, slug: str, console: Console | None = None) -> Path:
        """Bring the public files here, unless they are mounted or here; the next call goes on."""
        return download.download(slug, self._door_saying_to(console), console or Silent())

    def check_open(self, slug: str, console: Console | None = None) -> None:
        """Refuse a competition that will not take what is to be trained for it; submits nothing."""
        sending.check(self._door_saying_to(console), slug, console or Silent())

    def submit(
        self,
        slug: str,
        csv: Path,
        description: str,
        *,
        again: bool = False,
        console: Console | None = None,
    ) -> Submission:
        """Hand in a file; the same content once, unless `again`. Most likely still pending."""
        return sending.submit(self._door_saying_to(console), slug, csv, description, again=again)

    def wait(self, slug: str, sent: Submission, console: Console | None = None) -> Submission:
        """Return the submission once Kaggle has scored or refused it; give up after an hour."""
        from kaggle_prz.competitions.kaggle import submissions as answers

        return answers.wait(self._door_saying_to(console), slug, sent, console or Silent())

    def sent_before(self, slug: str, sha256: str) -> Submission | None:
        """The newest submission of that content that was not refused, from whichever machine."""
        return sent.that_counts(sent.of_content(self.door, slug, sha256))

    def submissions(self, slug: str) -> list[Submission]:
        """The account's submissions, the newest first."""
        return sent.submissions(self.door, slug)

    def standings(self, slug: str, private: bool = False) -> list[Standing]:
        """The leaderboard, the best first; the own team is called as on every host."""
        return leaderboard.standings(self.door, slug, private)

    def _door_saying_to(self, console: Console | None) -> Door:
        if console is not None:
            self.door.console = console
        return self.door
