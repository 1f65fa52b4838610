"""docs/metrics.md: the registry of metrics as a table.

    cd tests && python -m support.metrics_page

writes the part of the page below its mark again; what is above is written by hand.
"""

from pathlib import Path

from kaggle_prz.metrics import registry
from kaggle_prz.metrics.metric import Metric

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
MARK = "<!-- From here on: python -m support.metrics_page -->\n"
RULES = {
    "likely": "most probable class, tags by threshold",
    "threshold": "a threshold for the second class",
    "balance": "class weights",
    "order": "cut points over the expected class index",
}
_HEAD = "| name | metric | best | reads | of | decision | other names |\n" + "|---" * 7 + "|\n"


def generated() -> str:
    """Return the part below the mark."""
    return _HEAD + "".join(map(_row, registry.METRICS.values()))


def _row(metric: Metric) -> str:
    cells = (
        f"`{metric.name}`",
        metric.title + (" (two classes)" if metric.binary else ""),
        "highest" if metric.maximize else "lowest",
        metric.wants,
        ", ".join(sorted(metric.kinds)),
        RULES[metric.rule] if metric.wants == "labels" else "",
        ", ".join(registry._ALIASES.get(metric.name, [])),
    )
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Write the page."""
    by_hand = PAGE.read_text("utf-8").partition(MARK)[0]
    PAGE.write_text(f"{by_hand}{MARK}\n{generated()}", "utf-8")


if __name__ == "__main__":
    main()
