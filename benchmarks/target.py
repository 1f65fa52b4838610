"""When runs of several tools reached a log loss: that of kaggle-prz's single run, or their best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Run = Mapping[str, Any]


class Reached(NamedTuple):
    """How one run stands to the single run of its seed.

    Attributes:
        run: as recorded.
        target: log loss that the single run ended with.
        seconds: on the run's clock at the first point that is no worse; None: never.
        share: of the time that the single run took.
    """

    run: Run
    target: float
    seconds: float | None
    share: float | None


class Best(NamedTuple):
    """How kaggle-prz's staged run stands to the best that another tool's run had.

    Attributes:
        run: of the other tool, as recorded.
        log_loss: the lowest of its curve.
        seconds: on the run's clock until then.
        ours: seconds of the staged run of the same seed until it was no worse; None: never.
        share: ours ÷ seconds.
    """

    run: Run
    log_loss: float
    seconds: float
    ours: float | None
    share: float | None


def first_reached(curve: Sequence[Mapping[str, float]], goal: float) -> float | None:
    """Seconds at the first point whose log loss is at most `goal`.

    Example:
        >>> first_reached([{"seconds": 3, "log_loss": 0.5}, {"seconds": 7, "log_loss": 0.2}], 0.2)
        7
    """
    return next((point["seconds"] for point in curve if point["log_loss"] <= goal), None)


def compare(runs: Sequence[Run]) -> dict[tuple[str, str], list[Reached]]:
    """Every run beside the single run of its seed, by tool and mode; without one it is left out."""
    single = {
        _what(run): run["curve"][-1]
        for run in runs
        if (run["tool"], run["mode"]) == ("kaggle-prz", "single")
    }
    found = defaultdict(list)
    for run in runs:
        if (last := single.get(_what(run))) is None:
            continue
        seconds = first_reached(run["curve"], last["log_loss"])
        share = None if seconds is None else seconds / last["seconds"]
        found[run["tool"], run["mode"]].append(Reached(run, last["log_loss"], seconds, share))
    return dict(found)


def beside_best(runs: Sequence[Run]) -> dict[tuple[str, str], list[Best]]:
    """Every other tool's run beside the staged run of its seed, by tool and mode."""
    staged = {
        _what(run): run["curve"]
        for run in runs
        if (run["tool"], run["mode"]) == ("kaggle-prz", "staged")
    }
    found = defaultdict(list)
    for run in runs:
        if run["tool"] == "kaggle-prz" or (curve := staged.get(_what(run))) is None:
            continue
        best = min(run["curve"], key=lambda point: point["log_loss"])
        ours = first_reached(curve, best["log_loss"])
        share = None if ours is None else ours / best["seconds"]
        found[run["tool"], run["mode"]].append(
            Best(run, best["log_loss"], best["seconds"], ours, share)
        )
    return dict(found)


def _what(run: Run) -> tuple[Any, ...]:
    return run["competition"], run["rows"], run["seed"]
