"""Drawing in the page's colours: matplotlib's SVG, made to stand inside HTML."""

import io
import re
from collections.abc import Callable
from typing import Any, TypeAlias

Drawing: TypeAlias = Any  # a figure or axes; matplotlib is optional

# matplotlib knows no CSS variables: it draws in these, and they are exchanged in its output.
INK, MUTED, GRID, ACCENT, WARM = "#010101", "#010102", "#010103", "#010104", "#010105"
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "line", ACCENT: "accent", WARM: "warm"}
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
    "text.color": INK,
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
    """Return what `draw` puts on a figure, as SVG; the same bytes every time."""
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
    return _inline(buffer.getvalue().decode(), title)


def _inline(svg: str, title: str) -> str:
    """Return only what HTML needs: no prolog, namespaces, fixed size, font or stray ids."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.S)
    head, body = svg.split(">", 1)
    box = re.search(r'viewBox="[^"]+"', head)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", body)
    body = re.sub(r"font: (?:\d+ )?([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = body.replace("xlink:href", "href")
    for color, variable in _VARIABLES.items():
        body = body.replace(color, f"var(--{variable})")
    body = re.sub(r"\n\s*", "\n", body)
    return f'<svg {box[0] if box else ""} role="img" aria-label="{title}">{body.strip()}'
