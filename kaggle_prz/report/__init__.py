"""A run directory -> one self-contained HTML page, for people. Trains and decides nothing."""

import importlib
import importlib.resources
from pathlib import Path

from kaggle_prz import workdir
from kaggle_prz.console import Console
from kaggle_prz.errors import MissingExtraError
from kaggle_prz.runs import Run

__all__ = ["write", "write_if_possible"]

_PACKAGES = ("jinja2", "matplotlib")


def write(run: Run) -> Path:
    """Write a run's `report.html`; the same run gives the same bytes.

    Args:
        run: blended; a last stage with some of its folds will do, and so will a run that was not
            submitted.

    Returns:
        The path of the page.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
        RunError: a file of the run is missing.

    Example:
        >>> write(load_run("runs/shapes/first"))  # doctest: +SKIP
        PosixPath('runs/shapes/first/report.html')
    """
    for package in _PACKAGES:
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise MissingExtraError("The report", package, "report") from error
    workdir.write_atomic(run.report, _render(run))
    return run.report


def write_if_possible(run: Run, console: Console) -> Path | None:
    """Write the report, or say what to install for it.

    Args:
        run: blended.
        console: gets the path, or the line to install what is missing.

    Returns:
        The path of the page, or None where an optional package is missing.

    Raises:
        RunError: a file of the run is missing.
    """
    try:
        path = write(run)
    except MissingExtraError as error:
        console.say(str(error))
        return None
    console.say(f"Report: {path}")
    return path


def _render(run: Run) -> str:
    import jinja2

    from kaggle_prz.report import content

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(content.of(run))


def _source(name: str) -> str:
    return importlib.resources.files(__name__).joinpath(name).read_text("utf-8")
