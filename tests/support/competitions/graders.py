"""Graders by kind of cell: a submission's path -> score on all test rows, or `Refused`.

Each is made from the header and the truth by id, and knows nothing of the layout.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from sklearn import metrics
from sklearn.preprocessing import MultiLabelBinarizer

from . import sheets

Grade = Callable[[Path], float]
Header = Sequence[str]


def probability(
    header: Header, truth: Mapping[str, int], metric: Literal["auc", "log_loss"]
) -> Grade:
    """Of one column with the probability of 1, by area under the ROC curve or log loss."""

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        guesses = [sheets.number(cells[each][0], 0, 1) for each in truth]
        if metric == "auc":
            return float(metrics.roc_auc_score(list(truth.values()), guesses))
        return float(metrics.log_loss(list(truth.values()), guesses, labels=[0, 1]))

    return grade


def probabilities(
    header: Header, truth: Mapping[str, str], metric: Literal["auc", "log_loss"]
) -> Grade:
    """Of one column a class that sum to 1; truth by class, by log loss or mean columnwise AUC."""
    true = np.array([[float(n == label) for n in header[1:]] for label in truth.values()])

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        guesses = np.array([sheets.distribution(cells[each]) for each in truth])
        if metric == "auc":
            return float(metrics.roc_auc_score(true, guesses, average="macro"))
        return float(metrics.log_loss(true.argmax(axis=1), guesses, labels=range(true.shape[1])))

    return grade


def independent(
    header: Header, truth: Mapping[str, Sequence[float]], metric: Literal["auc", "rmse"]
) -> Grade:
    """Of several columns in [0, 1], by mean columnwise AUC or root mean squared error."""
    true = np.array(list(truth.values()), np.float64)

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        guesses = np.array([[sheets.number(c, 0, 1) for c in cells[each]] for each in truth])
        if metric == "auc":
            return float(metrics.roc_auc_score(true, guesses, average="macro"))
        return float(metrics.root_mean_squared_error(true.ravel(), guesses.ravel()))

    return grade


def label(
    header: Header,
    truth: Mapping[str, str],
    classes: Collection[str],
    metric: Literal["accuracy", "micro_f1", "macro_f1"],
) -> Grade:
    """Of one column with the name of a class."""

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        guesses = [sheets.name(cells[each][0], classes) for each in truth]
        return _agreement(list(truth.values()), guesses, metric)

    return grade


def class_id(
    header: Header,
    truth: Mapping[str, int],
    classes: Collection[str],
    metric: Literal["accuracy", "micro_f1", "macro_f1", "kappa"],
) -> Grade:
    """Of one column with the number of a class, an integer; `classes` are numbers as text."""

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        guesses = [sheets.integer(cells[each][0], classes) for each in truth]
        true = list(truth.values())
        if metric == "kappa":
            numbers = sorted(int(name) for name in classes)
            kappa = metrics.cohen_kappa_score(true, guesses, labels=numbers, weights="quadratic")
            return float(kappa)
        return _agreement(true, guesses, metric)

    return grade


def label_list(
    header: Header,
    truth: Mapping[str, Collection[str]],
    classes: Sequence[str],
    average: Literal["micro", "samples"],
) -> Grade:
    """Of one column with any number of classes between blanks, by F1.

    An empty cell is allowed; where nothing is true, it is right.
    """
    binary = MultiLabelBinarizer(classes=list(classes))
    true = binary.fit_transform(truth.values())

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        sheets.refuse_bare_integers(path)
        guesses = binary.transform([sheets.names(cells[each][0], classes) for each in truth])
        return float(metrics.f1_score(true, guesses, average=average, zero_division=1.0))

    return grade


def top_k(header: Header, truth: Mapping[str, str], classes: Collection[str], k: int) -> Grade:
    """Of one column with at most k classes, best first, by mean average precision at k."""

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        gains = []
        for each, true in truth.items():
            guesses = sheets.names(cells[each][0], classes, most=k)
            gains.append(1 / (1 + guesses.index(true)) if true in guesses else 0.0)
        return math.fsum(gains) / len(gains)

    return grade


def quantity(header: Header, truth: Mapping[str, float], low: float, high: float) -> Grade:
    """Of one column with a number in [low, high], by root mean squared error."""

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        guesses = [sheets.number(cells[each][0], low, high) for each in truth]
        return float(metrics.root_mean_squared_error(list(truth.values()), guesses))

    return grade


def labels_of_heads(
    header: Header, truth: Mapping[str, Sequence[str]], classes: Sequence[Collection[str]]
) -> Grade:
    """Of one column a head with its class, by macro F1 of each head, averaged."""

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        scores = []
        for head, known in enumerate(classes):
            guesses = [sheets.name(cells[each][head], known) for each in truth]
            scores.append(_agreement([row[head] for row in truth.values()], guesses, "macro_f1"))
        return math.fsum(scores) / len(scores)

    return grade


def recall_of_heads(
    header: Header,
    truth: Mapping[str, str],
    classes: Mapping[str, Collection[str]],
    weights: Mapping[str, float],
) -> Grade:
    """Of a row for every image and head, with the number of a class, by macro recall.

    Args:
        header: of the submission.
        truth: class by `image_head`.
        classes: of every head.
        weights: of heads, 1 where none is given.
    """

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        total = 0.0
        for head, known in classes.items():
            own = [each for each in truth if each.endswith(f"_{head}")]
            guesses = [str(sheets.integer(cells[each][0], known)) for each in own]
            true = [truth[each] for each in own]
            recall = metrics.recall_score(
                true, guesses, average="macro", labels=sorted(known), zero_division=0.0
            )
            total += weights.get(head, 1) * float(recall)
        return total / sum(weights.get(head, 1) for head in classes)

    return grade


def probabilities_of_heads(
    header: Header, truth: Mapping[str, Sequence[int]], heads: Sequence[Sequence[int]]
) -> Grade:
    """Of one column a class, those of a head summing to 1, by log loss of each head, averaged.

    Args:
        header: of the submission.
        truth: 0 or 1 of every column, by id.
        heads: columns of each, from 0 without the id.
    """
    true = np.array(list(truth.values()))

    def grade(path: Path) -> float:
        cells = sheets.read(path, header, truth)
        scores = []
        for own in heads:
            guesses = [sheets.distribution([cells[each][k] for k in own]) for each in truth]
            known = true[:, own].argmax(axis=1)
            scores.append(float(metrics.log_loss(known, guesses, labels=range(len(own)))))
        return math.fsum(scores) / len(scores)

    return grade


def _agreement(true: Sequence[object], guesses: Sequence[object], metric: str) -> float:
    if metric == "accuracy":
        return float(metrics.accuracy_score(true, guesses))
    average = metric.removesuffix("_f1")
    return float(metrics.f1_score(true, guesses, average=average, zero_division=0.0))
