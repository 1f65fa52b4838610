"""Drawing: matplotlib's SVG as an image that stands inside HTML, on light and on dark pages."""

import base64
import io
from collections.abc import Callable
from typing import Any, TypeAlias

Drawing: TypeAlias = Any  # a figure or axes; matplotlib is optional

# Readable on light and on dark pages: an image does not see the page's own colours.
MUTED, GRID, ACCENT, WARM = "#747a86", "#8080804d", "#3f7fdd", "#dd6426"
_WIDTH = 5.2  # inches: on a phone, letters keep about the size they have here
_STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a name is a dollar
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "text.color": MUTED,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}


def dots(color: str, size: float, *, line: float = 0, alpha: float = 1) -> dict[str, object]:
    """Return how a plot has dots of a size, on a line of a width if there is one."""
    return {
        "color": color,
        "alpha": alpha,
        "marker": "o",
        "markersize": size,
        "markeredgewidth": 0,
        "linestyle": "-" if line else "",
        "linewidth": line,
    }


def legend(axes: Drawing, *, columns: int) -> None:
    """Draw a legend above the axes."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        borderaxespad=0.2,
        handlelength=1.3,
        columnspacing=1.2,
        handletextpad=0.5,
        labelcolor=MUTED,
    )


def svg(name: str, title: str, draw: Callable[[Drawing], None], *, height: float) -> str:
    """Return what `draw` puts on a figure, as an image; the same bytes every time."""
    import matplotlib
    from matplotlib.figure import Figure

    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    buffer = io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # the same bytes whatever style the user has set
        matplotlib.rcParams.update({**_STYLE, "svg.hashsalt": name})
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="svg", metadata=nothing)
    drawn = base64.b64encode(buffer.getvalue()).decode()
    return f'<img class="drawn" alt="{title}" src="data:image/svg+xml;base64,{drawn}">'
