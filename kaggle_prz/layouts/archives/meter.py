"""How much archives may unpack to: a limit, the room on the disk, and a sane ratio."""

import shutil
from pathlib import Path

from kaggle_prz.errors import DataError, DiskFullError

BY_HAND = "unpack it by hand into a folder of its name beside it, which is then read in its place."
_KEPT_FREE = 1_000_000_000  # bytes of the disk that unpacking leaves
_MOST_RATIO = 1000  # deflate cannot reach more than 1032, and no photographs come near it
_RATIO_FROM = 100_000_000  # bytes; below it a ratio harms nobody


class Meter:
    """Counts the bytes that are really written, and stops what would fill the disk.

    Args:
        limit: most bytes for all archives together.
        place: an existing directory on the disk that is written to.
    """

    def __init__(self, limit: int, place: Path):
        self.files = 0
        self.total = 0
        self._limit = limit
        self._room = shutil.disk_usage(place).free - _KEPT_FREE
        self._place = place
        self._archive, self._packed, self._written = "", 0, 0

    def begin(self, archive: str, packed: int) -> None:
        """What is counted from here on comes out of `archive`, of `packed` bytes."""
        self._archive, self._packed, self._written = archive, packed, 0

    def count(self, size: int) -> None:
        """Count `size` bytes before they are written.

        Raises:
            DataError: more than the limit, or than a thousand times the archive's size.
            DiskFullError: more than the disk has room for.
        """
        self.total += size
        self._written += size
        if self.total > min(self._limit, self._room):
            self._refuse()
        if self._written > max(_RATIO_FROM, _MOST_RATIO * self._packed):
            raise DataError(
                f"{self._archive} unpacks to more than {_MOST_RATIO} times its size "
                f"({self._written / 1e6:.0f} MB out of {self._packed / 1e6:.2f} MB), as archives "
                f"do that are made to fill a disk. If you trust it, {BY_HAND}"
            )

    def give_back(self, size: int) -> None:
        """A file of `size` bytes was removed: an archive that came out of another."""
        self.total -= size
        self.files -= 1

    def _refuse(self) -> None:
        if self._room < self._limit:
            raise DiskFullError(
                f"{self._archive} unpacks to more than {self._place} has room for "
                f"({max(0, self._room) / 1e9:.1f} GB and 1 GB that is kept free). Make room, or "
                "name another home with KAGGLE_PRZ_HOME, and run the same command again."
            )
        raise DataError(
            f"The archives unpack to more than {self._limit / 1e9:.1f} GB, the most that is "
            f"allowed; {self._archive} goes beyond it. If you trust it, {BY_HAND}"
        )
