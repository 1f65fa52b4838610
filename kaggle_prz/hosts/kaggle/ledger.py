"""What was handed in from this machine: one file a competition, readable by its owner alone.

Kaggle does not say what a submission held. So the ledger keeps digests, and a tag in every
description lets another machine recognise the same content.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pydantic

from kaggle_prz.errors import RunError
from kaggle_prz.hosts.kaggle import places
from kaggle_prz.workdir import replacing

_TAG = re.compile(r"\[prz ([0-9a-f]{8})(?: (\d{1,4}))?\]")
_LONGEST = 500  # characters of a description, the tag's included


@dataclass(frozen=True)
class Entry:
    """One submission, or one that was begun.

    Attributes:
        sha256: hex digest of the file's content.
        attempt: 1 for the first submission of that content, 2 for the next, …
        ref: Kaggle's number; 0 until it is known.
        asked: whether Kaggle was asked to take it: then it may have, even without an answer.
        token: stands for the uploaded file; empty once the number is known.
        begun: ISO 8601, UTC.
    """

    sha256: str
    attempt: int
    ref: int = 0
    asked: bool = False
    token: str = ""
    begun: str = ""

    @property
    def tag(self) -> str:
        """What marks the submission among those that Kaggle lists."""
        return tag(self.sha256, self.attempt)


_ENTRIES = pydantic.TypeAdapter(tuple[Entry, ...])


def path(slug: str) -> Path:
    """The ledger of a competition."""
    return places.state(slug) / "submissions.json"


def read(slug: str) -> tuple[Entry, ...]:
    """The entries, the oldest first.

    Raises:
        RunError: the ledger cannot be read; without it a file might be sent twice.
    """
    try:
        return _ENTRIES.validate_json(path(slug).read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"{path(slug)} should hold what was submitted to {slug!r}, but cannot be read "
            f"({reason}). It was left as it is: mend it, or move it away; submissions of before "
            "are then recognised by the tags in their descriptions."
        ) from None


def put(slug: str, entry: Entry) -> None:
    """Write an entry, in the place of one of the same content and attempt."""
    entries = (*_others(slug, entry), entry)
    with replacing(path(slug)) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(_ENTRIES.dump_json(entries, indent=2) + b"\n")


def drop(slug: str, entry: Entry) -> None:
    """Remove an entry: Kaggle certainly did not take it."""
    with replacing(path(slug)) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_bytes(_ENTRIES.dump_json(_others(slug, entry), indent=2) + b"\n")


def _others(slug: str, entry: Entry) -> tuple[Entry, ...]:
    return tuple(e for e in read(slug) if (e.sha256, e.attempt) != (entry.sha256, entry.attempt))


def tag(sha256: str, attempt: int) -> str:
    """The mark of a content in a description.

    Example:
        >>> tag("1a2b3c4d5e6f", 1), tag("1a2b3c4d5e6f", 2)
        ('[prz 1a2b3c4d]', '[prz 1a2b3c4d 2]')
    """
    return f"[prz {sha256[:8]}]" if attempt == 1 else f"[prz {sha256[:8]} {attempt}]"


def attempt_of(description: str, sha256: str) -> int:
    """Which attempt at a content a description marks; 0 where it marks another, or none.

    Example:
        >>> attempt_of("third try [prz 1a2b3c4d 3]", "1a2b3c4d5e6f")
        3
    """
    for digest, attempt in reversed(_TAG.findall(description)):
        if sha256.startswith(digest):
            return int(attempt or 1)
    return 0


def tagged(description: str, entry: Entry) -> str:
    """A description with the tag, short enough for Kaggle.

    Example:
        >>> tagged("a try", Entry("1a2b3c4d5e6f", 1))
        'a try [prz 1a2b3c4d]'
    """
    return f"{description[: _LONGEST - len(entry.tag) - 1]} {entry.tag}".strip()
