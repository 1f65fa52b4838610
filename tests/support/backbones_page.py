"""Write the table of backbones into docs/backbones.md.

cd tests && python -m support.backbones_page
"""

from pathlib import Path

from kaggle_prz.models.backbones import names, resolve

PAGE = Path(__file__).parents[2] / "docs" / "backbones.md"
BEGIN, END = "<!-- Written by tests/support/backbones_page.py. -->\n", "<!-- end -->\n"


def table() -> str:
    """Return the table, a row a backbone."""
    head = ("name", "parameters", "top-1", "image size from", "weights")
    rows = [head, ("---",) * len(head)]
    for name in names():
        backbone = resolve(name)
        multiple = "" if backbone.multiple == 1 else f", multiples of {backbone.multiple}"
        brought = " or ".join(source.brings for source in backbone.sources)
        rows.append(
            (
                f"`{name}`",
                "" if backbone.parameters is None else f"{backbone.parameters / 1e6:.1f} M",
                "" if backbone.top_1 is None else f"{backbone.top_1:.1f} %",
                f"{backbone.minimum} px{multiple}",
                brought or ("random" if backbone.from_scratch else "`--weights FILE`"),
            )
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def updated(page: str) -> str:
    """Return the page with today's table."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
