"""Real scores: of a submission's rows against the answers, on the public and the private ones.

A competition names its grader in one of three ways: `answers`, a CSV with the sample's columns,
and `metric`; `grader`, a function "module:name" that takes a path; or `grader` and `arguments`, a
function of these that makes such a function. A grader returns a score, or a pair of the public
and the private one, and raises ValueError with the reason where it refuses.
"""

import csv
import hashlib
import importlib
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Scores = tuple[float, float]
Grader = Callable[[Path], Any]
Rows = Mapping[str, list[str]]
_MADE: dict[str, Grader] = {}


def scores(competition: Mapping[str, Any], submission: Path) -> Scores:
    """The public and the private score.

    Raises:
        ValueError: the submission is refused; its message is the reason.
    """
    slug = competition["slug"]
    if slug not in _MADE:
        _MADE[slug] = _grader(competition)
    found = _MADE[slug](submission)
    public, private = found if isinstance(found, tuple) else (found, found)
    return float(public), float(private)


def forget(slug: str) -> None:
    """Make the grader anew for the next submission."""
    _MADE.pop(slug, None)


def _grader(competition: Mapping[str, Any]) -> Grader:
    if competition["grader"]:
        module, name = competition["grader"].split(":")
        function: Any = getattr(importlib.import_module(module), name)
        arguments = competition["arguments"]
        made: Grader = function if arguments is None else function(**arguments)
        return made
    return _by_answers(
        Path(competition["answers"]), competition["metric"], float(competition["public"])
    )


def _by_answers(answers: Path, metric: str, share: float) -> Grader:
    with answers.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    usage = header.index("Usage") if "Usage" in header else None
    keep = [place for place in range(len(header)) if place != usage]
    names = [header[place] for place in keep]
    rows = {line[0]: [line[place] for place in keep[1:]] for line in lines}
    public = {
        line[0]
        for line in lines
        if (line[usage] == "Public" if usage is not None else _drawn(line[0]) < share)
    }
    halves = [
        {each: cells for each, cells in rows.items() if (each in public) == is_public}
        for is_public in (True, False)
    ]

    def grade(path: Path) -> Scores:
        whole = by_metric(metric, names, rows, rows)(path)
        found = [whole, whole]
        for place, half in enumerate(halves):
            if 0 < len(half) < len(rows):
                with tempfile.TemporaryDirectory() as folder:
                    part = _only(path, half, Path(folder) / "part.csv")
                    found[place] = by_metric(metric, names, half, rows)(part)
        return found[0], found[1]

    return grade


def _only(path: Path, half: Rows, target: Path) -> Path:
    """A submission without the rows of the other half."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(line for line in lines if line[0] in half)])
    return target


def by_metric(metric: str, names: list[str], truth: Rows, every: Rows) -> Grader:
    """A strict grader of the rows in `truth`; `every` row tells the classes.

    Args:
        metric: accuracy, micro_f1, macro_f1, kappa (a class a row), log_loss, auc (one column of
            probabilities, or one a class), rmse, mean_f1 (lists of classes), map@k.
        names: the header of a submission.
        truth: cells by id, as a perfect submission has them.
        every: `truth` of all rows.
    """
    from support.competitions import graders

    first = {each: cells[0] for each, cells in truth.items()}
    classes = sorted({cells[0] for cells in every.values()})
    tokens = sorted({token for cells in every.values() for token in cells[0].split()})
    if metric in ("accuracy", "micro_f1", "macro_f1"):
        return graders.label(names, first, classes, metric)
    if metric == "kappa":
        whole = {each: int(cell) for each, cell in first.items()}
        return graders.class_id(names, whole, classes, "kappa")
    if metric == "mean_f1":
        lists = {each: cell.split() for each, cell in first.items()}
        return graders.label_list(names, lists, tokens, "samples")
    if found := re.fullmatch(r"map@(\d+)", metric):
        return graders.top_k(names, first, tokens, int(found[1]))
    return _numeric(metric, names, truth)


def _numeric(metric: str, names: list[str], truth: Rows) -> Grader:
    from support.competitions import graders

    values = {each: [float(cell) for cell in cells] for each, cells in truth.items()}
    if metric == "rmse" and len(names) == 2:
        first = {each: cells[0] for each, cells in values.items()}
        return graders.quantity(names, first, float("-inf"), float("inf"))
    if metric == "rmse" or (metric == "auc" and len(names) > 2):
        return graders.independent(names, values, "auc" if metric == "auc" else "rmse")
    if metric not in ("auc", "log_loss"):
        raise LookupError(f"No metric is named {metric!r}.")
    which = "auc" if metric == "auc" else "log_loss"
    if len(names) == 2:
        return graders.probability(names, {e: int(v[0]) for e, v in values.items()}, which)
    true = {each: names[1 + cells.index(max(cells))] for each, cells in values.items()}
    return graders.probabilities(names, true, which)


def _drawn(row_id: str) -> float:
    """In [0, 1), from the id alone."""
    return int(hashlib.sha256(row_id.encode()).hexdigest()[:8], 16) / 2**32


def redrawn(folder: str, slug: str, seed: int = 0) -> Grader:
    """The grader of a drawn competition, from its slug and seed."""
    from support.competitions import DRAWN

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        return DRAWN[slug](Path(scratch) / "files", seed).grade
