"""Where competitions live: one small protocol, and who knows which competition."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from kaggle_prz.competitions import kaggle
from kaggle_prz.competitions.competition import Competition, Standing, Submission
from kaggle_prz.competitions.embedded import source
from kaggle_prz.competitions.embedded.leaderboard import TEAM
from kaggle_prz.competitions.embedded.source import EmbeddedHost, not_found
from kaggle_prz.competitions.folder import FolderHost
from kaggle_prz.competitions.kaggle import KaggleHost, slugs
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import CompetitionNotFoundError, CredentialsError

__all__ = [
    "TEAM",
    "EmbeddedHost",
    "FolderHost",
    "Host",
    "KaggleHost",
    "Source",
    "Submission",
    "find",
]

_LOGIN = (
    "A competition of Kaggle needs a login, and there is none on this machine: make a token at "
    "https://www.kaggle.com/settings/api and put it into KAGGLE_API_TOKEN."
)


class Host(Protocol):
    """A place that has competitions' files, and may grade submissions and keep a leaderboard.

    Every method that takes a slug raises `CompetitionNotFoundError` for one that it does not know.
    """

    name: str

    def knows(self, slug: str) -> bool:
        """Whether the host has a competition of that name."""
        ...

    def competitions(self) -> list[str]:
        """Names of the competitions it has."""
        ...

    def describe(self, slug: str) -> Competition:
        """What there is to say about a competition besides its files."""
        ...

    def download(self, slug: str, console: Console | None = None) -> Path:
        """Bring the public files here, and return their directory."""
        ...

    def check_open(self, slug: str, console: Console | None = None) -> None:
        """Refuse a competition that takes no submission, before one is trained for it."""
        ...

    def submit(
        self,
        slug: str,
        csv: Path,
        description: str,
        *,
        again: bool = False,
        console: Console | None = None,
    ) -> Submission:
        """Hand in a file, graded or still pending; `SubmissionError` where it is refused."""
        ...

    def wait(self, slug: str, sent: Submission, console: Console | None = None) -> Submission:
        """The submission once it is graded or refused."""
        ...

    def sent_before(self, slug: str, sha256: str) -> Submission | None:
        """The newest submission of that content that was not refused."""
        ...

    def submissions(self, slug: str) -> list[Submission]:
        """What was handed in so far, the newest first."""
        ...

    def standings(self, slug: str, private: bool = False) -> list[Standing]:
        """The leaderboard, the best first."""
        ...


@dataclass(frozen=True)
class Source:
    """A competition at its host: found once, then handed on.

    Attributes:
        host: has its files, and may grade submissions.
        slug: what the host calls it.
    """

    host: Host
    slug: str

    @cached_property
    def about(self) -> Competition:
        """What the host says of it; asked for once."""
        return self.host.describe(self.slug)

    @property
    def address(self) -> str:
        """What finds the same competition from any directory: its name, or an absolute path."""
        if isinstance(self.host, FolderHost):
            return str(self.host.directory.resolve())
        hidden = isinstance(self.host, KaggleHost) and EmbeddedHost().knows(self.slug)
        return slugs.page(self.slug) if hidden else self.slug

    def download(self, console: Console | None = None) -> Path:
        """Bring the public files here, and return their directory."""
        return self.host.download(self.slug, console)


def find(slug_or_directory: str) -> Source:
    """Return who has a competition, and what it is called there; ask no network.

    An address of kaggle.com means Kaggle. A path (with a separator, or `.`, `..`, `~`) is a local
    folder; then the embedded competitions are asked; then a directory of that bare name in the
    current one; then Kaggle, where the competition is mounted or downloaded, or there is a login.
    So a folder that happens to be called like a competition does not hide it: `./shapes` means
    the folder.

    Args:
        slug_or_directory: a competition's name, an address of its page, or the path of a
            directory with its files.

    Raises:
        CompetitionNotFoundError: no host knows the name, or the path is not a directory.
        CredentialsError: Kaggle may know the name, and the credential for it is damaged.

    Example:
        ```python
        directory = find("shapes").download()
        ```
    """
    addressed = slugs.from_address(slug_or_directory)
    if addressed is None and not _is_directory(slug_or_directory):
        addressed = slugs.from_short(slug_or_directory)
    if addressed is not None:
        return _of_kaggle(addressed, f"{addressed!r} is a competition of Kaggle, which")
    if "://" in slug_or_directory:
        raise CompetitionNotFoundError(
            f"An address has to be that of a competition's page at Kaggle, {slugs.page('NAME')}; "
            f"received {slug_or_directory}."
        )
    is_path = _is_path(slug_or_directory)
    if not is_path and EmbeddedHost().knows(slug_or_directory):
        return Source(EmbeddedHost(), slug_or_directory)
    if is_path or _is_directory(slug_or_directory):
        folder = FolderHost(Path(slug_or_directory))
        return Source(folder, folder.slug)
    close = source.near(slug_or_directory)
    meant = f" (did you mean {close!r}?)" if close else ""
    neither = f"{slug_or_directory!r} is no embedded competition{meant} and no directory"
    return _of_kaggle(slug_or_directory, f"{neither}, and Kaggle")


def _of_kaggle(slug: str, so_far: str) -> Source:
    try:
        if kaggle.can_ask(slug.lower()):
            return Source(KaggleHost(), slug.lower())
    except CredentialsError as error:
        raise CredentialsError(f"{so_far} cannot be asked: {error}") from None
    login = f" {_LOGIN}" if slugs.is_slug(slug) else ""
    raise not_found(slug, EmbeddedHost().competitions(), login)


def _is_path(text: str) -> bool:
    separators = {os.sep, os.altsep} - {None}
    return text in {".", "..", "~"} or any(str(separator) in text for separator in separators)


def _is_directory(text: str) -> bool:
    return bool(text) and Path(text).is_dir()
