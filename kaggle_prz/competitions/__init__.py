"""Where competitions live: one protocol for their files, and one for their leaderboards."""

import os
from pathlib import Path
from typing import Protocol

from kaggle_prz.competitions.competition import Competition, Standing, Submission
from kaggle_prz.competitions.embedded.leaderboard import TEAM
from kaggle_prz.competitions.embedded.source import EmbeddedSource, is_embedded, not_found
from kaggle_prz.competitions.folder import FolderSource
from kaggle_prz.competitions.kaggle import KaggleSource, can_ask, slugs
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import CompetitionNotFoundError, CredentialsError

__all__ = ["TEAM", "Leaderboard", "Source", "Submission", "find"]

_LOGIN = (
    " A competition at Kaggle needs a login, and this machine has none: make a token at "
    "https://www.kaggle.com/settings/api and put it into the environment variable "
    "KAGGLE_API_TOKEN."
)


class Leaderboard(Protocol):
    """Grades the submissions to one competition, and ranks them."""

    @property
    def hides_private(self) -> bool:
        """Return whether private scores are known here already, and not to be shown."""

    def check_open(self, console: Console | None = None) -> None:
        """Refuse a competition that takes no submission, before one is trained for it."""

    def submit(
        self, csv: Path, description: str, *, again: bool = False, console: Console | None = None
    ) -> Submission:
        """Hand in a file, graded or still pending; `SubmissionError` where it is refused."""

    def wait(self, sent: Submission, console: Console | None = None) -> Submission:
        """Return the submission once it is graded or refused."""

    def sent_before(self, sha256: str) -> Submission | None:
        """Return the newest submission of that content that was not refused."""

    def standings(self, private: bool = False) -> list[Standing]:
        """Return the leaderboard, the best first."""


class Source(Protocol):
    """A competition where its files are: found once, then handed on."""

    host: str  # `"embedded"`, `"folder"` or `"kaggle"`, for records and sentences
    slug: str  # what the host calls the competition
    address: str  # finds it from any directory: its name, or an absolute path
    has_leaderboard: bool
    has_kernels: bool  # whether kernels can train on it

    @property
    def about(self) -> Competition:
        """What the host says of it; asked for once."""

    @property
    def leaderboard(self) -> Leaderboard:
        """Its leaderboard; `SubmissionError` where it has none."""

    def download(self, console: Console | None = None) -> Path:
        """Bring the public files here, and return their directory."""


def find(slug_or_directory: str) -> Source:
    """Return who has a competition, and what it is called there; ask no network.

    An address of kaggle.com means Kaggle. A path (with a separator, or `.`, `..`, `~`) is a local
    folder; then the embedded competitions are asked; then a directory of that bare name in the
    current one; then Kaggle, where the competition is mounted or downloaded, or there is a login.
    So a folder that happens to be called like a competition does not hide it: `./shapes` means
    the folder.
    """
    addressed = slugs.from_address(slug_or_directory)
    if addressed is None and not _is_directory(slug_or_directory):
        addressed = slugs.from_short(slug_or_directory)
    if addressed is not None:
        return _of_kaggle(addressed)
    if "://" in slug_or_directory:
        raise CompetitionNotFoundError(
            f"A URL must be that of a competition's page at Kaggle, {slugs.page('NAME')}; "
            f"received {slug_or_directory}."
        )
    is_path = _is_path(slug_or_directory)
    if not is_path and is_embedded(slug_or_directory):
        return EmbeddedSource(slug_or_directory)
    if is_path or _is_directory(slug_or_directory):
        return FolderSource(Path(slug_or_directory))
    return _of_kaggle(slug_or_directory)


def _of_kaggle(slug: str) -> Source:
    try:
        if can_ask(slug.lower()):
            hidden = is_embedded(slug.lower())  # its bare name means another competition
            return KaggleSource(slug.lower(), slugs.page(slug.lower()) if hidden else "")
    except CredentialsError as error:
        raise CredentialsError(
            f"{slug!r} is not a competition on this machine, and Kaggle cannot be asked: {error}"
        ) from None
    raise not_found(slug, _LOGIN if slugs.is_slug(slug) else "")


def _is_path(text: str) -> bool:
    separators = {os.sep, os.altsep} - {None}
    return text in {".", "..", "~"} or any(str(separator) in text for separator in separators)


def _is_directory(text: str) -> bool:
    return bool(text) and Path(text).is_dir()
