"""What was done unattended: a file of lines that a killed process leaves readable."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kaggle_prz.errors import RunError
from kaggle_prz.workdir import room_for


class Journal:
    """Events in the order in which they happened, one JSON object a line, each flushed to disk.

    Args:
        path: of the file; it need not exist yet.

    Raises:
        RunError: from reading, where a line is no event.

    Example:
        ```python
        journal = Journal(Path("runs/shapes/auto/journal.jsonl"))
        journal.add("fitted", attempt="4f1c", score=0.31)
        journal.last("4f1c")["event"]  # "fitted"
        ```
    """

    def __init__(self, path: Path):
        self.path = path

    def add(self, event: str, **facts: Any) -> None:
        """Append an event with the time (UTC); it is on disk when this returns."""
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"time": moment, "event": event, **facts}, ensure_ascii=False)
        with room_for(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._drop_torn_line()
            with self.path.open("ab") as file:
                file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self.path.is_file():
            return
        *whole, _ = self.path.read_bytes().split(b"\n")  # the last may be torn
        for number, line in enumerate(whole, start=1):
            try:
                event = json.loads(line)
                event["event"], event["time"]
            except (ValueError, TypeError, KeyError) as error:
                raise RunError(
                    f"Line {number} of {self.path} should be an event, but cannot be read. "
                    "It was left as it is: mend it, or move the file away to begin anew."
                ) from error
            yield event

    def last(self, attempt: str, *events: str) -> dict[str, Any] | None:
        """The latest event of an attempt, of the named kinds if any are named."""
        found = None
        for event in self:
            if event.get("attempt") == attempt and (not events or event["event"] in events):
                found = event
        return found

    def _drop_torn_line(self) -> None:
        """Cut off what a killed process left of its last line."""
        if self.path.is_file() and not (content := self.path.read_bytes()).endswith(b"\n"):
            os.truncate(self.path, content.rfind(b"\n") + 1)
