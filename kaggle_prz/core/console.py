"""What a run says while it works: rich on a terminal, plain lines when piped, or nothing."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import rich.console
import rich.progress
import rich.table

from kaggle_prz.core.process import signs

Advance = Callable[..., None]
_PIPED_WIDTH = 1000  # a row stays one line, for grep


class Console(Protocol):
    """Where the steps of a run report what they decided and how far they are."""

    def say(self, text: str) -> None:
        """Print one line."""

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a small table, numbers as text."""

    def bar(self, label: str, total: int) -> contextlib.AbstractContextManager[Advance]:
        """Return a bar of `total` steps; the value is called as `advance(steps, note="…")`."""


class Silent:
    """Says nothing; for tests and for callers that read the run's files instead."""

    def say(self, text: str) -> None:
        """Drop the line."""

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Drop the table."""

    @contextlib.contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:  # noqa: ARG002
        """Count nothing."""
        yield lambda _steps, **_note: None


class Terminal:
    """Rich output to standard output: bars that move on a terminal, one line a bar when piped."""

    def __init__(self) -> None:
        signs.allow()
        # Class names and paths are text, whatever brackets and colons they hold.
        self._rich = rich.console.Console(
            highlight=False, soft_wrap=True, markup=False, emoji=False
        )
        if not self._rich.is_terminal:
            self._rich.width = _PIPED_WIDTH
        self._live, self._bars = self._progress(), 0

    def say(self, text: str) -> None:
        """Print the line as it is, without markup."""
        self._rich.print(text)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table with its columns lined up: words to the left, numbers to the right."""
        sheet = rich.table.Table(
            title=title,
            title_justify="left",
            box=None,
            pad_edge=False,
            title_style="bold",
            header_style="dim",
        )
        for position, column in enumerate(columns):
            cells = [row[position] for row in rows]
            sheet.add_column(column, justify="right" if _are_numbers(cells) else "left")
        for row in rows:
            sheet.add_row(*row)
        self._rich.print(sheet)

    @contextlib.contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:
        """Show progress; the bar gives way to a line with its last note and its time."""
        started = time.monotonic()
        last = ""

        def remember(note: str) -> None:
            nonlocal last
            last = note or last

        if self._rich.is_terminal:
            with self._shown():
                task = self._live.add_task(label, total=total, note="")

                def advance(steps: int, *, note: str = "") -> None:
                    remember(note)
                    self._live.update(task, advance=steps, note=last)

                yield advance
                self._live.remove_task(task)
        else:
            yield lambda _steps, *, note="": remember(note)
        self.say(f"{label}  {last}  {duration(time.monotonic() - started)}".replace("    ", "  "))

    @contextlib.contextmanager
    def _shown(self) -> Iterator[None]:
        """Show the bars, from the first that begins to the last that ends."""
        if not self._bars:
            self._live.start()
        self._bars += 1
        try:
            yield
        finally:
            self._bars -= 1
            if not self._bars:
                self._live.stop()
                self._live = self._progress()

    def _progress(self) -> rich.progress.Progress:
        return rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(bar_width=30),
            rich.progress.TaskProgressColumn(),
            rich.progress.TimeRemainingColumn(compact=True),
            rich.progress.TextColumn("{task.fields[note]}"),
            console=self._rich,
            transient=True,
        )


def _are_numbers(cells: Sequence[str]) -> bool:
    return any(cells) and all(cell[:1].isdigit() or not cell for cell in cells)


def duration(seconds: float) -> str:
    """Return seconds as people read them: `7 s`, `2 min 05 s`, `1 h 03 min`.

    Example:
        >>> duration(125)
        '2 min 05 s'
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if seconds >= 10 else f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
