"""Write the tables of backbones and of their fine-tuning into docs/backbones.md.

cd tests && python -m support.backbones_page
"""

from pathlib import Path

from kaggle_prz.models.backbones import names, resolve
from kaggle_prz.models.fine_tuning import families
from kaggle_prz.schedule.recipe import BY_FAMILY

PAGE = Path(__file__).parents[2] / "docs" / "backbones.md"
BEGIN, END = "<!-- Written by tests/support/backbones_page.py. -->\n", "<!-- end -->\n"
FINE_TUNING = "<!-- Written by tests/support/backbones_page.py from families.toml. -->\n"


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


def fine_tuning() -> str:
    """Return the table of fine-tuning defaults, a row a family, and where each value is from."""
    head = ("family", *(f"`{key}`" for key in BY_FAMILY))
    rows = [head, ("---",) * len(head)]
    sources = []
    for family in families.table().values():
        rows.append((family.title, *(f"{value:g}" for value in family.values.values())))
        said = "; ".join(f"`{key}`: {family.sources[key]}" for key in BY_FAMILY)
        sources.append(f"- {family.title}. {said}.\n")
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{lines}\nWhere the values are from:\n\n{''.join(sources)}"


def updated(page: str) -> str:
    """Return the page with today's tables."""
    for begin, written in ((BEGIN, table()), (FINE_TUNING, fine_tuning())):
        before, _, rest = page.partition(begin)
        page = before + begin + written + END + rest.partition(END)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
