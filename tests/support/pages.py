"""HTML pages as a browser's tree would have them."""

from html.parser import HTMLParser

from kaggle_prz import report
from kaggle_prz.runs import Run

VOID = {"meta", "img", "br", "link", "input", "wbr", "hr"}


class Page(HTMLParser):
    """The page as a browser's tree would have it: text and tables by the nearest id above."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.text: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.classes_of_cells: dict[str, list[list[str]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == [], "elements that are never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID:
            self.open.append((tag, given.get("id")))
        if tag == "tr":
            for place in self._places():
                self.tables.setdefault(place, []).append([])
                self.classes_of_cells.setdefault(place, []).append([])
        if tag in ("td", "th"):
            for place in filter(self.tables.__contains__, self._places()):
                self.tables[place][-1].append("")
                self.classes_of_cells[place][-1].append(given.get("class") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        opened, _ = self.open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        if any(tag == "style" for tag, _ in self.open):
            return
        in_cell = any(tag in ("td", "th") for tag, _ in self.open)
        for place in self._places():
            self.text[place] = self.text.get(place, "") + data
            if in_cell and place in self.tables:
                self.tables[place][-1][-1] += data

    def images(self, *, drawn: bool) -> list[dict[str, str | None]]:
        """Return the attributes of charts, or of pictures."""
        found = (attrs for tag, attrs in self.tags if tag == "img")
        return [attrs for attrs in found if (attrs.get("class") == "drawn") == drawn]

    def _places(self) -> list[str]:
        return ["", *(name for _, name in self.open if name)]


def page_of(run: Run) -> Page:
    return Page(report.write(run).read_text("utf-8"))


def rows(page: Page, place: str) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in page.tables[place]]


def squeezed(text: str) -> str:
    return " ".join(text.split())
