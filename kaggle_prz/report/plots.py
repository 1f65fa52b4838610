"""Charts of predictions against the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.report.predictions import Calibration
from kaggle_prz.report.svg import ACCENT, MUTED, WARM, Drawing, dots, svg

_DASHED = (0, (3, 3))
_DOTS = 1500
_BINS = 30
_COLUMNS = 3
_PANEL_HEIGHT = 2.1


@dataclass(frozen=True)
class Panel:
    """One target: its name, and `(n,)` true and predicted numbers."""

    name: str
    truth: NDArray[np.float64]
    predicted: NDArray[np.float64]


def reliability(found: Calibration, across: str, up: str) -> str:
    """Confidence against how often it is right; a dot's area is its share of predictions."""

    def draw(figure: Drawing) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=_DASHED)
        axes.plot(found.confidence, found.correct, color=ACCENT, linewidth=1, alpha=0.6)
        largest = max(found.count)
        axes.scatter(
            found.confidence,
            found.correct,
            color=ACCENT,
            linewidths=0,
            zorder=3,
            s=[12 + 130 * count / largest for count in found.count],
        )
        axes.set(xlim=(0, 1.04), ylim=(0, 1.04), xlabel=across, ylabel=up)

    return svg("reliability", "Reliability diagram", draw, height=3.2)


def agreement(panels: Sequence[Panel]) -> str:
    """Truth against prediction, a dot an image; of very many images, some."""
    columns = 2 if len(panels) == 4 else min(len(panels), _COLUMNS)
    lines = -(-len(panels) // columns)

    def draw(figure: Drawing) -> None:
        grid = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            rows = np.arange(len(panel.truth))
            if len(rows) > _DOTS:
                rows = np.sort(np.random.default_rng(0).choice(rows, _DOTS, replace=False))
            both = np.concatenate([panel.truth, panel.predicted])
            ends = [float(both.min()), float(both.max())]
            axes.plot(ends, ends, color=MUTED, linewidth=0.8, linestyle=_DASHED)
            style = dots(ACCENT, 3 if len(panels) == 1 else 2.2, alpha=0.45)
            axes.plot(panel.truth[rows], panel.predicted[rows], **style)
            axes.grid(visible=True, axis="both")
            axes.locator_params(axis="x", nbins=6 if columns == 1 else 3)
            if len(panels) > 1:
                axes.set_title(panel.name if len(panel.name) < 25 else f"{panel.name[:23]}…")
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        figure.supxlabel("true", fontsize="medium", color=MUTED)
        figure.supylabel("predicted", fontsize="medium", color=MUTED)

    height = 3.2 if len(panels) == 1 else 0.5 + _PANEL_HEIGHT * lines
    return svg("agreement", "Truth against prediction", draw, height=height)


def histogram(name: str, values: NDArray[np.float64]) -> str:
    """Draw how often numbers fall into each of 30 bins."""

    def draw(figure: Drawing) -> None:
        axes = figure.subplots()
        axes.hist(values, bins=_BINS, color=ACCENT, alpha=0.8)
        axes.axvline(values.mean(), color=WARM, linewidth=1, linestyle=_DASHED)
        axes.locator_params(axis="y", nbins=4, integer=True)
        axes.set_ylabel("images")

    return svg(name, "Histogram of the labels; dashed: their mean", draw, height=2.0)
