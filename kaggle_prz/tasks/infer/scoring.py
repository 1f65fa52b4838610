"""Which metric a task has: as it is given, as its host says, or what its cells suggest."""

import re
from dataclasses import dataclass, replace

from kaggle_prz import metrics
from kaggle_prz.metrics import Metric
from kaggle_prz.tasks.infer.encode.encoded import Encoded
from kaggle_prz.tasks.infer.tables import Sample

__all__ = ["Metric", "Said", "Scored", "said", "settle"]

_CUSTOM = ("custommetric", "custom")


@dataclass(frozen=True)
class Said:
    """A metric that somebody named; None where the default has to serve, and why."""

    metric: Metric | None
    rule: str
    warning: str = ""
    unnumbered: bool = False  # ranks classes, and does not say how many: `MAP@{K}`


@dataclass(frozen=True)
class Scored:
    """The metric of a task by name, the rule, and a sentence where it is in doubt."""

    name: str
    rule: str
    warning: str = ""


def said(given: str | None, host: str | None) -> Said:
    """Return the metric that a person or else the host names."""
    if given and not _is_custom(given):
        return Said(metrics.get(given), "given")
    named = given or host
    if not named:
        return Said(None, "")
    metric = metrics.from_host(named)
    if metric is not None:
        unnumbered = metric.wants == "ranks" and not re.search(r"\d", named)
        return Said(metric, f"its host gives {named}", unnumbered=unnumbered)
    if metrics.other_task(named) is not None:
        metrics.get(named)  # refused: files for it have no classes, whatever they look like
    warning = (
        f"The metric {named!r} is unknown; the default is used. Choose a metric with --metric."
    )
    return Said(None, f"; {named!r} is unknown", warning)


def numbered(named: Said, sample: Sample) -> Said:
    """Return a metric that ranks as many classes as the sample's cells hold, where none is said."""
    if named.metric is None or not named.unnumbered or len(sample.targets) > 1:
        return named
    cells = sample.column(sample.targets[0]).tolist()
    most = max((len(cell.split()) for cell in cells), default=0)
    if not most:
        return named
    metric = metrics.get(re.sub(r"\d+", str(most), named.metric.name))
    return replace(named, metric=metric, unnumbered=False)


def settle(named: Said, labels: Encoded) -> Scored:
    """Return the metric of a task, checked against its labels."""
    metric = named.metric or _default(labels)
    metrics.over(metric, labels.heads).check(labels.kind, len(labels.classes))
    if named.metric is None:
        about = "grades" if labels.ordinal else labels.cell
        unsaid = named.rule or ", because no metric is given; choose one with --metric"
        return Scored(metric.name, f"default for {about}{unsaid}", named.warning)
    warning = ""
    if metric.rule == "order" and not labels.ordinal:
        warning = (
            f"{metric.title} depends on the order of the classes; the order is "
            f"{', '.join(labels.classes[:8])}."
        )
    return Scored(metric.name, named.rule, warning)


def _default(labels: Encoded) -> Metric:
    if labels.confident:
        return metrics.get("global_average_precision")
    if labels.cell == "ranked":
        return metrics.get(f"map_at_{labels.most_ranked}")
    if labels.soft and not labels.target.one_class:
        return metrics.get("rmse")
    return metrics.default_for("ordinal" if labels.ordinal else labels.cell)


def _is_custom(text: str) -> bool:
    return "".join(letter for letter in text.lower() if letter.isalpha()) in _CUSTOM
