"""Where competitions live: one small protocol, and who knows which competition."""

import os
from pathlib import Path
from typing import Protocol

from kaggle_prz.hosts.embedded import EmbeddedHost, not_found
from kaggle_prz.hosts.folder import FolderHost
from kaggle_prz.offline.competition import Competition, Standing, Submission
from kaggle_prz.offline.leaderboard import TEAM

__all__ = ["TEAM", "EmbeddedHost", "FolderHost", "Host", "Submission", "address", "find"]


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

    def download(self, slug: str) -> Path:
        """Bring the public files here, and return their directory."""
        ...

    def submit(self, slug: str, csv: Path, description: str) -> Submission:
        """Hand in a file; `SubmissionError` where it is refused."""
        ...

    def submissions(self, slug: str) -> list[Submission]:
        """What was handed in so far, the newest first."""
        ...

    def standings(self, slug: str, private: bool = False) -> list[Standing]:
        """The leaderboard, the best first."""
        ...


def find(slug_or_directory: str) -> tuple[Host, str]:
    """Who has a competition, and what it is called there.

    A path (with a separator, or `.`, `..`, `~`) is a local folder; then the embedded competitions
    are asked; then a directory of that bare name in the current one. So a folder that happens to
    be called like a competition does not hide it: `./shapes` means the folder.

    Args:
        slug_or_directory: a competition's name, or the path of a directory with its files.

    Raises:
        CompetitionNotFoundError: no host knows the name, or the path is not a directory.

    Example:
        ```python
        host, slug = find("shapes")
        directory = host.download(slug)
        ```
    """
    separators = {os.sep, os.altsep} - {None}
    is_path = slug_or_directory in {".", "..", "~"} or any(
        str(separator) in slug_or_directory for separator in separators
    )
    embedded = EmbeddedHost()
    if not is_path and embedded.knows(slug_or_directory):
        return embedded, slug_or_directory
    if is_path or (slug_or_directory and Path(slug_or_directory).is_dir()):
        folder = FolderHost(Path(slug_or_directory))
        return folder, folder.slug
    raise not_found(slug_or_directory, embedded.competitions())


def address(slug_or_directory: str) -> str:
    """What finds the same competition from any directory: its name, or an absolute path."""
    host, slug = find(slug_or_directory)
    return str(host.download(slug).resolve()) if isinstance(host, FolderHost) else slug
