"""What Kaggle says about a competition besides its files, kept for when there is no network."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pydantic

from kaggle_prz.competitions.competition import Competition
from kaggle_prz.competitions.kaggle import paths
from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.failures import Answer
from kaggle_prz.core.errors import HostError
from kaggle_prz.core.filesystem import write_atomic

_FRESH = 3600.0  # seconds that facts serve without being asked for again


@dataclass(frozen=True)
class Facts(Competition):
    """Facts of a competition; nothing in them is about an account."""

    deadline: str = ""  # ISO 8601, UTC
    disabled: bool = False

    @property
    def has_ended(self) -> bool:
        """Return whether the deadline is over, by this machine's clock."""
        return bool(self.deadline) and datetime.fromisoformat(self.deadline) < datetime.now(UTC)


_FACTS = pydantic.TypeAdapter(Facts)


def kept(slug: str, younger: float = float("inf")) -> Facts | None:
    """Return the facts as they were last asked for, no more than `younger` seconds ago; or None."""
    path = paths.state(slug) / "facts.json"
    try:
        if time.time() - path.stat().st_mtime > younger:
            return None
        return _FACTS.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def get(slug: str, door: Door, *, fresh: bool = False) -> Facts:
    """Return the facts, asked for once an hour or if `fresh`; older ones without an answer."""
    if not fresh and (known := kept(slug, _FRESH)):
        return known
    try:
        answer = door.ask("GetCompetition", "Reading the facts of", slug, competition_name=slug)
    except HostError:
        if known := kept(slug):
            return known
        raise
    facts = read(slug, answer)
    write_atomic(paths.state(slug) / "facts.json", _FACTS.dump_json(facts, indent=2) + b"\n")
    return facts


def read(slug: str, answer: Answer) -> Facts:
    """Return the facts in an answer, in which everything may be missing."""
    return Facts(
        slug=slug,
        title=_text(answer, "title") or slug,
        metric=_text(answer, "evaluationMetric"),
        description=_text(answer, "description"),
        deadline=moment(answer.get("deadline")),
        daily_limit=whole(answer.get("maxDailySubmissions")),
        kernels_only=answer.get("isKernelsSubmissionsOnly") is True,
        disabled=answer.get("submissionsDisabled") is True,
    )


def moment(value: object) -> str:
    """Return a date of an answer as ISO 8601, UTC, whole seconds; empty where it is none."""
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat(timespec="seconds")


def whole(value: object) -> int:
    """Return a number of an answer, which leaves out what is 0."""
    try:
        return int(value) if isinstance(value, int | float | str) else 0
    except ValueError:
        return 0


def score(text: object) -> float | None:
    """Return a score of an answer, which is a text; None where there is none."""
    try:
        return float(text) if isinstance(text, int | float | str) else None
    except ValueError:
        return None


def _text(answer: Answer, key: str) -> str:
    return " ".join(str(answer.get(key) or "").split())
