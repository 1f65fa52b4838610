"""Kaggle as a source of competitions: files, submissions, leaderboard; unattended and resumable.

`slugs` reads names and addresses, `paths` knows where files are, `credentials` finds a login,
`client` asks through the official client (`sdk` alone imports it) with `retry`, and `failures`
makes sentences of what goes wrong. Above them `download`, `submissions`, `leaderboard` and
`metadata`.
"""

from functools import cached_property
from pathlib import Path

from kaggle_prz.competitions.competition import Competition, Standing, Submission
from kaggle_prz.competitions.kaggle import download, leaderboard, metadata, paths, slugs
from kaggle_prz.competitions.kaggle import submissions as sent_ones
from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.credentials import Credentials, credentials
from kaggle_prz.competitions.kaggle.retry import Patience
from kaggle_prz.competitions.kaggle.submissions import sending
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import HostError

__all__ = ["Credentials", "Door", "KaggleSource", "Patience", "can_ask", "credentials"]


def can_ask(slug: str) -> bool:
    """Return whether a competition may be had: it is here already, or there is a login."""
    if not slugs.is_slug(slug):
        return False
    here = paths.mounted(slug) or paths.has_files(slug)
    return bool(here) or (paths.state(slug) / "facts.json").is_file() or credentials() is not None


class KaggleSource:
    """A competition of Kaggle, and its leaderboard.

    What was downloaded or is mounted needs no network and no account. `address` finds it where its
    bare name means another competition.
    """

    host = "kaggle"
    has_leaderboard = has_kernels = True
    hides_private = False

    def __init__(self, slug: str, address: str = "", door: Door | None = None):
        self.slug, self.address = slug, address or slug
        self.door = door or Door()

    @cached_property
    def about(self) -> Competition:
        """What Kaggle says about the competition, or said when it was last asked."""
        unknown = metadata.Facts(self.slug, self.slug)
        if paths.mounted(self.slug):
            return metadata.kept(self.slug) or unknown
        try:
            return metadata.get(self.slug, self.door)
        except HostError:
            if not paths.has_files(self.slug):
                raise
            return unknown

    @property
    def leaderboard(self) -> "KaggleSource":
        """The leaderboard, which is asked through the same door."""
        return self

    def download(self, console: Console | None = None) -> Path:
        """Bring the public files here, unless they are mounted or here; the next call goes on."""
        return download.download(self.slug, self._door(console), console or Silent())

    def check_open(self, console: Console | None = None) -> None:
        """Refuse a competition that will not take what is to be trained for it; submits nothing."""
        sending.check(self._door(console), self.slug, console or Silent())

    def submit(
        self, csv: Path, description: str, *, again: bool = False, console: Console | None = None
    ) -> Submission:
        """Hand in a file; the same content once, unless `again`. Most likely still pending."""
        return sending.submit(self._door(console), self.slug, csv, description, again=again)

    def wait(self, sent: Submission, console: Console | None = None) -> Submission:
        """Return the submission once Kaggle has scored or refused it; give up after an hour."""
        return sent_ones.wait(self._door(console), self.slug, sent, console or Silent())

    def sent_before(self, sha256: str) -> Submission | None:
        """Return the newest submission of that content that was not refused, from any machine."""
        return sent_ones.that_counts(sent_ones.of_content(self.door, self.slug, sha256))

    def standings(self, private: bool = False) -> list[Standing]:
        """Return the leaderboard, the best first; the own team is called as on every host."""
        return leaderboard.standings(self.door, self.slug, private)

    def _door(self, console: Console | None) -> Door:
        """Return the door to Kaggle, which says to `console` how long it waits."""
        self.door.console = console or self.door.console
        return self.door
