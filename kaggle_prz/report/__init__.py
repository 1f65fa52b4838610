"""Self-contained HTML pages, for people: of a run, of an inspection. Trains and decides nothing."""

import importlib
import importlib.resources
from collections.abc import Mapping, Sequence
from pathlib import Path

from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import MissingExtraError
from kaggle_prz.core.task import Task
from kaggle_prz.readers.pictures.headers import Heads
from kaggle_prz.runs.run import Run
from kaggle_prz.tasks.findings import Findings

__all__ = ["require", "write", "write_if_possible", "write_inspection"]

_PACKAGES = ("jinja2", "matplotlib")


def require() -> None:
    """Refuse to go on where jinja2 or matplotlib, which draw the pages, is not installed."""
    for package in _PACKAGES:
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise MissingExtraError("The report", package, "report") from error


def write(run: Run) -> Path:
    """Write a run's `report.html`; the same run gives the same bytes."""
    require()
    from kaggle_prz.report import run_page

    filesystem.write_atomic(run.report, _render("report.html.j2", run_page.of(run)))
    return run.report


def write_inspection(
    path: Path,
    task: Task,
    heads: Heads,
    findings: Findings,
    notes: Sequence[str] = (),
    *,
    seed: int = 0,
) -> Path:
    """Write what `inspect` found as a page with pictures; the same seed gives the same bytes."""
    require()
    from kaggle_prz.report import inspection_page

    values = inspection_page.of(task, heads, findings, notes, seed)
    filesystem.write_atomic(path, _render("inspection.html.j2", values))
    return path


def write_if_possible(run: Run, console: Console) -> Path | None:
    """Write the report, or say what to install for it."""
    try:
        path = write(run)
    except MissingExtraError as error:
        console.say(str(error))
        return None
    console.say(f"Report: {path}")
    return path


def write_so_far(run: Run, console: Console) -> None:
    """Write the report of a run that goes on, which no failure of the report ends."""
    try:
        write_if_possible(run, Silent())
    except Exception as error:  # whatever drawing raises
        console.say(f"Note: the report could not be written: {type(error).__name__}: {error}")


def _render(template: str, values: Mapping[str, object]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def _source(name: str) -> str:
    return importlib.resources.files(__name__).joinpath("templates", name).read_text("utf-8")
