"""Scores and histories of a run -> charts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kaggle_prz.metrics import Metric
from kaggle_prz.report.svg import ACCENT, MUTED, WARM, Drawing, dots, legend, svg
from kaggle_prz.schedule.recipe import Stage

_SPANS = 12


@dataclass(frozen=True)
class StageScores:
    """One stage in the chart of scores."""

    stage: Stage  # which
    folds: dict[int, float]  # fold number -> score
    score: float | None  # of all folds together, or None where some are lacking
    submitted: frozenset[int]  # fold numbers whose predictions are submitted
    accuracy: float | None  # of all folds together, or None where some are lacking


def scores(stages: Sequence[StageScores], metric: Metric) -> str:
    """Score of every fold, and of all together, from stage to stage."""

    def draw(figure: Drawing) -> None:
        axes = figure.subplots()
        numbers = sorted({fold for row in stages for fold in row.folds})
        for number in numbers:
            at = [place for place, row in enumerate(stages) if number in row.folds]
            axes.plot(
                at,
                [stages[place].folds[number] for place in at],
                **dots(MUTED, 3.5, line=1, alpha=0.45),
                label="one fold" if number == numbers[0] else None,
            )
        whole = [(place, row.score) for place, row in enumerate(stages) if row.score is not None]
        style = dots(ACCENT, 6, line=2.4)
        axes.plot(*zip(*whole, strict=True), **style, label="all folds, out-of-fold")
        sent = [
            (place, row.folds[fold])
            for place, row in enumerate(stages)
            for fold in sorted(row.submitted)
        ]
        circles = dots(WARM, 7.5) | {"fillstyle": "none", "markeredgewidth": 1.3}
        axes.plot(*zip(*sent, strict=True), **circles, label="submitted")
        axes.set_xticks(range(len(stages)), [row.stage.label for row in stages])
        axes.ticklabel_format(axis="y", useOffset=False)
        better = "higher" if metric.maximize else "lower"
        axes.set(xlim=(-0.5, len(stages) - 0.5), ylabel=f"{metric.title} ({better} is better)")
        legend(axes, columns=3)

    return svg("scores", f"{metric.title} of every fold by stage", draw, height=2.9)


def curves(
    found: Sequence[tuple[int, pd.DataFrame]], stages: Sequence[Stage], oof: Sequence[float | None]
) -> str:
    """Return training loss and learning rate over all epochs; `found` has a history a fold."""
    starts = [sum(stage.epochs for stage in stages[:place]) for place in range(len(stages) + 1)]

    def draw(figure: Drawing) -> None:
        loss, rate = figure.subplots(2, sharex=True, height_ratios=(3, 1))
        for place, history in found:
            epochs = starts[place] + history["epoch"].to_numpy()
            loss.plot(epochs, history["loss"], color=ACCENT, alpha=0.3, linewidth=0.8)
            rate.plot(epochs, history["learning_rate"], color=ACCENT, alpha=0.6, linewidth=1)
        for place in sorted({at for at, _ in found}):
            mean = _mean([history for at, history in found if at == place])
            loss.plot(
                starts[place] + mean["epoch"],
                mean["loss"],
                color=ACCENT,
                linewidth=2,
                label="training, mean of folds" if place == found[0][0] else None,
            )
        marks = [(starts[at + 1], score) for at, score in enumerate(oof) if score is not None]
        if marks:
            style = dots(WARM, 5) | {"marker": "D", "clip_on": False}
            named = "out-of-fold, at the end of a stage"
            loss.plot(*zip(*marks, strict=True), **style, label=named)
        for axes in (loss, rate):
            for start in starts[1:-1]:
                axes.axvline(start, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
        for stage, start, end in zip(stages, starts, starts[1:], strict=False):
            loss.annotate(
                f"{stage.image_size} px",
                ((start + end) / 2, 0.97),
                color=MUTED,
                xycoords=("data", "axes fraction"),
                ha="center",
                va="top",
            )
        loss.margins(y=0.14)
        loss.set(xlim=(0, starts[-1]), ylabel="loss")
        rate.set(ylabel="learning rate", xlabel="epochs", ylim=(0, None))
        rate.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=False)
        legend(loss, columns=2)

    return svg("curves", "Training loss and learning rate over epochs", draw, height=3.5)


def _mean(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Mean of several folds' histories in a dozen spans of epochs; folds may differ in steps."""
    rows = pd.concat(histories)
    spans = np.minimum(rows["epoch"] / rows["epoch"].max() * _SPANS, _SPANS - 1).astype(int)
    return rows.groupby(spans)[["epoch", "loss"]].mean()
