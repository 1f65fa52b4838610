"""A time limit, counted from the moment the user gave it."""

import re
import time
from dataclasses import dataclass, field, replace

FOR_ENSEMBLE_AND_REPORT = 6.0
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """Return the seconds of a time as people write it, or raise a ValueError.

    Example:
        >>> seconds_of("90s"), seconds_of("1h30m"), seconds_of("600")
        (90.0, 5400.0, 600.0)
    """
    written = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", written):
        return float(written)
    parts = re.findall(r"(\d+(?:\.\d+)?)(min|h|m|s)", written)
    if not parts or "".join(number + unit for number, unit in parts) != written:
        raise ValueError(f"{text!r} is not a time; write it like 600, 90s, 10m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


@dataclass(frozen=True)
class Budget:
    """Seconds for a run, some of them kept back for what follows training.

    Without a limit, or a session, a run takes as long as it takes. One that is not done within the
    session of its process pauses between two folds, to be continued in another.
    """

    limit: float | None
    started: float = field(default_factory=time.monotonic)
    session: float | None = None

    def limited(self, seconds: float | None) -> "Budget":
        """Return the same clock with a limit, where it has none."""
        return replace(self, limit=seconds) if self.limit is None else self

    @property
    def end_of_training(self) -> float | None:
        """`time.monotonic()` by which the last fold has to be sealed; None without a limit."""
        if self.limit is None:
            return None
        return self.started + self.limit - FOR_ENSEMBLE_AND_REPORT - 0.01 * self.limit

    def left(self) -> float:
        """Return the seconds left for training and prediction; infinite without a limit."""
        end = self.end_of_training
        return float("inf") if end is None else end - time.monotonic()

    def has_left(self, seconds: float) -> bool:
        """Return whether the limit itself is so many seconds away."""
        return self.limit is None or self.spent() + seconds <= self.limit

    def spent(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started

    def lasts(self, seconds: float) -> bool:
        """Return whether the session lasts so many seconds more, and for what follows them."""
        if self.session is None:
            return True
        return self.spent() + seconds + FOR_ENSEMBLE_AND_REPORT <= self.session
