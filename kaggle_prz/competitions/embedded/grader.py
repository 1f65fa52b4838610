"""A grader as strict as Kaggle's; shares no code with what writes submissions.

It reads a CSV file, refuses it with the reason, or scores it by log loss.
"""

import csv
import io
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.competitions.competition import Answers
from kaggle_prz.core.errors import SubmissionError

ID_COLUMN = "id"
SUM_TOLERANCE = 1e-5
CLIP = 1e-15
NAMED = 3  # so many offenders are named in a message
# What float() takes besides ("nan", "1_000", digits of other scripts) is no cell of a CSV file.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Scores:
    """Log loss on the public and on the private rows."""

    public: float
    private: float


def grade(path: Path, answers: Answers) -> Scores:
    """Return the scores of a submission in a CSV file; refuse what Kaggle would, and say why."""
    return grade_bytes(read(path), answers)


def read(path: Path) -> bytes:
    """Return the content of a submission file; refuse one that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SubmissionError(
            f"A submission must be a CSV file; {path} cannot be read ({error.strerror})."
        ) from error


def grade_bytes(content: bytes, answers: Answers) -> Scores:
    """Return the scores of a submission file's content; see `grade`."""
    header, rows = _parse(content)
    _check_names("columns", header, expected := [ID_COLUMN, *answers.classes])
    if header != expected:
        raise SubmissionError(
            f"Submission must have the columns {', '.join(expected)}, in this order; received "
            f"{', '.join(header)}."
        )
    for line, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise SubmissionError(f"Row {line} has {len(row)} cells, expected {len(header)}.")
    _check_names("ids", [row[0] for row in rows], answers.ids.tolist())
    probabilities = np.array([_numbers(row, header) for row in rows])
    by_id = {row[0]: index for index, row in enumerate(rows)}
    aligned = probabilities[[by_id[each] for each in answers.ids.tolist()]]
    return score(aligned, answers)


def score(probabilities: NDArray[np.float64], answers: Answers) -> Scores:
    """Return the log loss of `(test, classes)` predictions in the order of the answers."""
    chosen = probabilities[np.arange(len(answers.labels)), answers.labels]
    losses = -np.log(np.clip(chosen, CLIP, 1 - CLIP))
    public = answers.usage == "public"
    return Scores(public=float(losses[public].mean()), private=float(losses[~public].mean()))


def _parse(content: bytes) -> tuple[list[str], list[list[str]]]:
    if not content.strip():
        raise SubmissionError("Submission is empty.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SubmissionError(
            f"Submission must be in UTF-8; its byte {error.start} is not ({error.reason})."
        ) from None
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise SubmissionError(f"Submission is not a CSV file: {error}.") from None
    return header, rows


def _check_names(what: str, received: list[str], expected: list[str]) -> None:
    """Refuse names that are missing, unknown or repeated, in any order."""
    repeated = [name for name, count in Counter(received).items() if count > 1]
    missing, unknown = set(expected) - set(received), set(received) - set(expected)
    findings = {"missing": sorted(missing), "unknown": sorted(unknown), "repeated": repeated}
    said = "; ".join(f"{how}: {_some(names)}" for how, names in findings.items() if names)
    if said:
        raise SubmissionError(f"Submission must have the {what} of the sample, once each ({said}).")


def _numbers(row: list[str], header: list[str]) -> list[float]:
    where = f"Row of id {row[0]}"
    values = []
    for column, cell in zip(header[1:], row[1:], strict=True):
        if not _NUMBER.fullmatch(cell):
            raise SubmissionError(f"{where}, column {column}: {cell!r} is not a number.")
        value = float(cell)
        if not 0 <= value <= 1:
            raise SubmissionError(f"{where}, column {column}: {cell} is not between 0 and 1.")
        values.append(value)
    total = math.fsum(values)
    if abs(total - 1) > SUM_TOLERANCE:
        raise SubmissionError(f"{where}: the probabilities sum to {total:.9g}, expected 1.")
    return values


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(repr, names[:NAMED])) + more
