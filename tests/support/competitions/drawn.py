"""What a drawn competition is: its public files, and what only its organiser knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CELLS = (
    "probability", "probabilities", "independent", "label", "list", "top-k", "number", "heads",
    "head-probabilities",
)  # fmt: skip


class Refused(ValueError):  # noqa: N818 - it is the grader's answer, not its failure
    """A grader does not accept a file; the message says why."""


@dataclass(frozen=True)
class Drawn:
    """A competition drawn from a seed.

    Attributes:
        root: directory of the public files.
        sample: name of the sample submission below `root`.
        files: path below `root`, archives unpacked, of the image of every row of the sample;
            empty where pixels are no image files.
        grade: path of a submission -> score on all test rows; raises `Refused`.
        maximize: more is better. A perfect score is then 1, and else 0.
        chance: score of a constant submission, worked out without the grader.
        metric: the metric as Kaggle's API writes it (`evaluationMetric`).
        answers: text of a perfect submission, rows in the sample's order.
        expected: what an inference should find:
            `cell`: one of `CELLS`: the probability of the second class; one column a class,
            rows summing to 1; one column a class, each in [0, 1] on its own; the class as name
            or number; any number of classes between blanks; at most k classes, best first; a
            number; one column a head, with its class; one column a class of every head, those of
            a head summing to 1.
            `classes`: tuple of names in output order, or None.
            `group`: column that holds rows together, or None.
            `heads`: classes of every head by its name, in the order of outputs, or None.
            `train`, `test`: numbers of rows.
    """

    root: Path
    sample: str
    files: tuple[str, ...]
    grade: Callable[[Path], float]
    maximize: bool
    chance: float
    metric: str
    answers: str
    expected: Mapping[str, Any]

    @property
    def perfect(self) -> float:
        """Score of the answers."""
        return 1.0 if self.maximize else 0.0


Draw = Callable[[Path, int], Drawn]
