"""Charts of predictions against the truth."""

from collections.abc import Callable, Sequence
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


def top_k(shares: Sequence[float], marked: int) -> str:
    """Share of images whose true class is among the k most probable, for k = 1, 2, …"""

    def draw(figure: Drawing) -> None:
        axes = figure.subplots()
        ranks = np.arange(1, len(shares) + 1)
        axes.plot(ranks, shares, color=ACCENT, linewidth=2, marker="o", markersize=4.5)
        if marked <= len(shares):
            axes.axvline(marked, color=WARM, linewidth=1, linestyle=_DASHED)
        for k in sorted({1, min(marked, len(shares))}):
            axes.annotate(
                f"{shares[k - 1]:.1%}",
                (k, shares[k - 1]),
                xytext=(6, -12),
                textcoords="offset points",
            )
        axes.set_xticks(ranks)
        lowest = max(np.floor(10 * shares[0] - 0.5) / 10, 0)
        axes.set(xlabel="the k most probable classes", ylabel="share of images")
        axes.set_ylim(lowest, 1 + 0.04 * (1 - lowest))

    return svg("top-k", "Top-k accuracy", draw, height=2.6)


def agreement(panels: Sequence[Panel]) -> str:
    """Truth against prediction, a dot an image; of very many images, some."""

    def draw_one(axes: Drawing, panel: Panel) -> None:
        rows = np.arange(len(panel.truth))
        if len(rows) > _DOTS:
            rows = np.sort(np.random.default_rng(0).choice(rows, _DOTS, replace=False))
        both = np.concatenate([panel.truth, panel.predicted])
        ends = [float(both.min()), float(both.max())]
        axes.plot(ends, ends, color=MUTED, linewidth=0.8, linestyle=_DASHED)
        axes.plot(
            panel.truth[rows],
            panel.predicted[rows],
            **dots(ACCENT, 3 if len(panels) == 1 else 2.2, alpha=0.45),
        )
        axes.grid(visible=True, axis="both")

    return _of_panels(
        "agreement", "Truth against prediction", panels, draw_one, ("true", "predicted")
    )


def residuals(panels: Sequence[Panel]) -> str:
    """Histogram of prediction minus truth."""

    def draw_one(axes: Drawing, panel: Panel) -> None:
        axes.hist(panel.predicted - panel.truth, bins=_BINS, color=ACCENT, alpha=0.8)
        axes.axvline(0, color=WARM, linewidth=1, linestyle=_DASHED)
        axes.locator_params(axis="y", nbins=4, integer=True)

    labels = ("predicted − true", "images")
    return _of_panels("residuals", "Histogram of residuals", panels, draw_one, labels)


def _of_panels(
    name: str,
    title: str,
    panels: Sequence[Panel],
    draw_one: Callable[[Drawing, Panel], None],
    labels: tuple[str, str],
) -> str:
    columns = 2 if len(panels) == 4 else min(len(panels), _COLUMNS)
    rows = -(-len(panels) // columns)

    def draw(figure: Drawing) -> None:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            draw_one(axes, panel)
            axes.locator_params(axis="x", nbins=6 if columns == 1 else 3)
            if len(panels) > 1:
                axes.set_title(panel.name if len(panel.name) < 25 else f"{panel.name[:23]}…")
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        figure.supxlabel(labels[0], fontsize="medium", color=MUTED)
        figure.supylabel(labels[1], fontsize="medium", color=MUTED)

    return svg(name, title, draw, height=3.2 if len(panels) == 1 else 0.5 + _PANEL_HEIGHT * rows)


def sizes(found: Sequence[tuple[tuple[int, int], int]]) -> str:
    """Widths and heights of images; a dot's area is its share of them."""

    def draw(figure: Drawing) -> None:
        axes = figure.subplots()
        widths, heights = zip(*(size for size, _ in found), strict=True)
        most = max(count for _, count in found)
        longest = max(*widths, *heights)
        axes.plot([0, longest], [0, longest], color=MUTED, linewidth=0.8, linestyle=_DASHED)
        areas = [10 + 130 * count / most for _, count in found]
        axes.scatter(widths, heights, s=areas, color=ACCENT, alpha=0.55, linewidths=0, zorder=3)
        axes.set(xlabel="width, px", xlim=(0, 1.06 * max(widths)))
        axes.set(ylabel="height, px", ylim=(0, 1.06 * max(heights)))
        axes.grid(visible=True, axis="both")

    return svg("sizes", "Widths and heights of the images", draw, height=3.2)


def histogram(name: str, values: NDArray[np.float64]) -> str:
    """Draw how often numbers fall into each of 30 bins."""

    def draw(figure: Drawing) -> None:
        axes = figure.subplots()
        axes.hist(values, bins=_BINS, color=ACCENT, alpha=0.8)
        axes.axvline(values.mean(), color=WARM, linewidth=1, linestyle=_DASHED)
        axes.locator_params(axis="y", nbins=4, integer=True)
        axes.set_ylabel("images")

    return svg(name, "Histogram of the labels; dashed: their mean", draw, height=2.0)
