"""How much archives may unpack to: limits of bytes and files, room on the disk, a sane ratio."""

import shutil
from pathlib import Path

from kaggle_prz.core.errors import DataError, DiskFullError

BY_HAND = "unpack it yourself into a directory of its name beside it, which is then read instead."
_KEPT_FREE = 1_000_000_000  # bytes of the disk that unpacking leaves
_MOST_RATIO = 1000  # deflate cannot reach more than 1032, and no photographs come near it
_RATIO_FROM = 100_000_000  # bytes; below it a ratio harms nobody
_MOST_ENTRIES = 20_000_000  # files and folders: empty ones take room, too


class Meter:
    """Counts what is really written, and stops what would fill the disk of `place`."""

    def __init__(self, limit: int, place: Path):
        self.entries = self.total = 0
        self._limit, self._place = limit, place
        self._room = shutil.disk_usage(place).free - _KEPT_FREE
        self._archive, self._packed, self._written = "", 0, 0

    def begin(self, archive: str, packed: int) -> None:
        """Count what follows as unpacked from `archive`, of `packed` bytes."""
        self._archive, self._packed, self._written = archive, packed, 0

    def count_entry(self) -> None:
        """Count a file or a folder before it is made; refuse more than any competition has."""
        self.entries += 1
        if self.entries > _MOST_ENTRIES:
            raise self._beyond(
                f"The archives contain more than {_MOST_ENTRIES:,} files and folders"
            )

    def count(self, size: int) -> None:
        """Count `size` bytes before they are written."""
        self.total += size
        self._written += size
        if self.total > self._room < self._limit:
            raise DiskFullError(
                f"{self._archive} is too large for {self._place} when unpacked "
                f"({max(0, self._room) / 1000000000.0:.1f} GB free, and 1 GB must stay free). "
                "Free some space, or set KAGGLE_PRZ_HOME to another directory, and run the same "
                "command again."
            )
        if self.total > self._limit:
            raise self._beyond(f"The archives unpack to more than {self._limit / 1e9:.1f} GB")
        if self._written > max(_RATIO_FROM, _MOST_RATIO * self._packed):
            raise DataError(
                f"{self._archive} unpacks to more than {_MOST_RATIO} times its size "
                f"({self._written / 1000000.0:.0f} MB from {self._packed / 1000000.0:.2f} MB), "
                f"which suggests an archive made to fill a disk. If you trust it, {BY_HAND}"
            )

    def give_back(self, size: int) -> None:
        """Take off a file of `size` bytes: an archive out of another, which was removed."""
        self.total -= size
        self.entries -= 1

    def _beyond(self, what: str) -> DataError:
        return DataError(
            f"{what}, which is the limit; {self._archive} exceeds it. If you trust it, {BY_HAND}"
        )
