"""How tables are written: quotation marks, separators, comments; and rows that are no images."""

from pathlib import Path

from .. import graders, pictures
from ..drawn import Drawn
from ..kit import Folder, Sheet, finish
from .kind import Kind, Plain

NOTES = ("seen at dawn", "small one", "behind glass", "the same place", "two of them")


def _noted(plain: Plain) -> list[list[str]]:
    """Return a header, and rows of an id, a class, and a remark."""
    rows = enumerate(plain.train.items())
    return [
        ["id", "label", "remark"],
        *([each, label, NOTES[row % len(NOTES)]] for row, (each, label) in rows),
    ]


def _written(plain: Plain, lines: list[str], sample: Sheet | None = None) -> Drawn:
    plain.folder.raw("train.csv", "\n".join(lines) + "\n")
    sheet = sample or plain.sheet("label")
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


def quote_that_opens_no_cell(root: Path, seed: int) -> Drawn:
    """Two labels begin with a quotation mark that nothing closes."""
    plain = Plain(root, seed)
    lines = [",".join(row) for row in _noted(plain)]
    for place in (4, 17):
        lines[place] = lines[place].replace(",", ',"', 1)
    return _written(plain, lines)


def quote_at_the_end_of_a_cell(root: Path, seed: int) -> Drawn:
    """A label ends with a quotation mark, and a remark has one for inches."""
    plain = Plain(root, seed)
    rows = _noted(plain)
    rows[9][1] += '"'
    rows[12][2] = '12" lens'
    return _written(plain, [";".join(row) for row in rows])


def quote_before_commas(root: Path, seed: int) -> Drawn:
    """A remark with a comma begins with a quotation mark that nothing closes."""
    plain = Plain(root, seed)
    lines = [",".join(row) for row in _noted(plain)]
    lines[6] += ',"far away, in fog'
    return _written(plain, lines)


def commas_in_the_last_column(root: Path, seed: int) -> Drawn:
    """Remarks in the last column have commas, and no quotation marks."""
    plain = Plain(root, seed)
    rows = _noted(plain)
    rows[3][2], rows[20][2] = "red, not ripe, I think", "far away, in fog"
    return _written(plain, [",".join(row) for row in rows])


def commas_in_a_label(root: Path, seed: int) -> Drawn:
    """A row has a cell more than the header, and no column has text that it could belong to."""
    plain = Plain(root, seed)
    lines = ["id,label", *(f"{each},{label}" for each, label in plain.train.items())]
    lines[7] += ",plum"
    return _written(plain, lines)


def rows_that_end_early(root: Path, seed: int) -> Drawn:
    """Some rows lack their last cells, lines are blank, and lines end with commas."""
    plain = Plain(root, seed)
    lines = [",".join(row) for row in _noted(plain)]
    lines[1:] = [
        line.rpartition(",")[0] if k % 4 else f"{line},," for k, line in enumerate(lines[1:])
    ]
    lines[5:5] = ["", ""]
    return _written(plain, [*lines, "", ""])


def comments_between_rows(root: Path, seed: int) -> Drawn:
    """Lines that begin with `#` stand before the header and between rows."""
    plain = Plain(root, seed)
    lines = [",".join(row) for row in _noted(plain)]
    lines[8:8] = ["# second day, cloudy, cold"]
    return _written(plain, ["# Fruit, seen in June", "# by two people", *lines, "# end"])


def separator_in_a_line_of_its_own(root: Path, seed: int) -> Drawn:
    """The first line says the separator, as Excel has it: `sep=;`."""
    plain = Plain(root, seed)
    sheet = plain.sheet("label")
    plain.folder.raw("train.csv", "sep=;\r\n" + "\r\n".join(";".join(r) for r in _noted(plain)))
    plain.folder.raw(sheet.name, "sep=;\n" + sheet.constant("plum").replace(",", ";"))
    return plain.labelled(sheet)


def title_above_the_header(root: Path, seed: int) -> Drawn:
    """A title stands above the header."""
    plain = Plain(root, seed)
    return _written(plain, ["Fruit of June", *(",".join(row) for row in _noted(plain))])


def table_that_was_cut(root: Path, seed: int) -> Drawn:
    """The table of labels ends within a cell."""
    plain = Plain(root, seed)
    drawn = _written(plain, [",".join(f'"{cell}"' for cell in row) for row in _noted(plain)])
    path = root / "train.csv"
    path.write_text(path.read_text()[:-8])
    return drawn


def page_instead_of_a_table(root: Path, seed: int) -> Drawn:
    """The table of labels is the page of a login."""
    return _written(Plain(root, seed), ["<!DOCTYPE html>", "<html><body>Sign in</body></html>"])


def _ripeness(root: Path, seed: int, *, commas: bool, separator: str = ";") -> Drawn:
    folder, truth = Folder(root, seed), {}
    lines = [separator.join(("image", "ripeness"))]
    for number in range(60):
        value = round(float(folder.random.uniform()), 3)
        name = f"{'a' if number < 40 else 'b'}{number:03d}"
        place = "train" if number < 40 else "test"
        folder.image(f"{place}/{name}.png", pictures.level(folder.random, value))
        if number < 40:
            lines.append(separator.join((name, f"{value:g}".replace(".", ","))))
        else:
            truth[name] = value
    folder.raw("train.csv", "\n".join(lines) + "\n")
    sheet = Sheet(("image", "ripeness"), {name: f"test/{name}.png" for name in truth})
    constant = sheet.constant("0.5" if commas else "0")
    form = constant.replace(",", separator).replace(".", ",") if commas else constant
    folder.raw(sheet.name, form)
    inner = graders.quantity(sheet.header, truth, 0, 1)

    def grade(path: Path) -> float:
        if not commas:
            return inner(path)
        plain = path.with_suffix(".points.csv")
        text = path.read_text("utf-8")
        assert "." not in text
        plain.write_text(text.replace(",", ".").replace(separator, ","), "utf-8")
        return inner(plain)

    values = list(truth.values())
    middle = sum(values) / len(values)
    return finish(
        folder,
        sheet,
        grade=grade,
        answers=sheet.filled(truth),
        metric="Root Mean Squared Error",
        maximize=False,
        chance=(sum((value - middle) ** 2 for value in values) / len(values)) ** 0.5,
        cell="number",
        classes=None,
        train=40,
    )


def decimal_commas_of_labels(root: Path, seed: int) -> Drawn:
    """Labels have decimal commas between semicolons; the sample has points."""
    return _ripeness(root, seed, commas=False)


def decimal_commas_everywhere(root: Path, seed: int) -> Drawn:
    """Labels and sample have decimal commas between semicolons."""
    return _ripeness(root, seed, commas=True)


def decimal_commas_between_tabs(root: Path, seed: int) -> Drawn:
    """Labels and sample have decimal commas between tabs."""
    return _ripeness(root, seed, commas=True, separator="\t")


def decimal_commas_between_commas(root: Path, seed: int) -> Drawn:
    """Labels have decimal commas, and commas between cells, without quotation marks."""
    return _ripeness(root, seed, commas=False, separator=",")


def rows_for_pages(root: Path, seed: int) -> Drawn:
    """The sample has a row for each of three pages of an image, under one id."""
    plain = Plain(root, seed)
    drawn = _written(plain, [",".join(row) for row in _noted(plain)])
    rows = ((each, page, "plum") for each in plain.test for page in (1, 2, 3))
    plain.folder.table(drawn.sample, ("id", "page", "label"), rows)
    return drawn


def rows_repeated(root: Path, seed: int) -> Drawn:
    """The sample has some rows twice, word for word."""
    plain = Plain(root, seed)
    drawn = _written(plain, [",".join(row) for row in _noted(plain)])
    rows = [(each, "plum") for each in plain.test]
    plain.folder.table(drawn.sample, ("id", "label"), [*rows, *rows[:3]])
    return drawn


def _addresses(root: Path, seed: int, ending: str, folder: str) -> Drawn:
    plain = Plain(root, seed)
    host = f"https://images.example.org/{folder}"
    rows = ((f"{host}/{each}{ending}", label) for each, label in plain.train.items())
    plain.folder.table("train.csv", ("url", "label"), rows)
    names = {f"{host}/{each}{ending}": label for each, label in plain.test.items()}
    files = {name: plain.files[each] for name, each in zip(names, plain.test, strict=True)}
    plain.test = names
    plain.files |= files
    sheet = plain.sheet("label", id_="url")
    plain.folder.raw(sheet.name, sheet.constant("plum"))
    return plain.labelled(sheet)


def addresses_of_images(root: Path, seed: int) -> Drawn:
    """Ids are addresses, whose last parts name files that are here."""
    return _addresses(root, seed, ".png", "fruit/2020")


def addresses_that_ask(root: Path, seed: int) -> Drawn:
    """Ids are addresses that ask for a size; their last parts are names without suffix."""
    return _addresses(root, seed, "?size=large&v=2", "f")


def addresses_of_nothing(root: Path, seed: int) -> Drawn:
    """Ids are addresses of images that are not here."""
    drawn = _addresses(root, seed, ".png", "fruit")
    for path in (root / "test").iterdir():
        path.rename(path.with_name(f"other-{path.name}"))
    return drawn


KINDS: dict[str, Kind] = {
    "quote-that-opens-no-cell": Kind(quote_that_opens_no_cell),
    "quote-at-the-end-of-a-cell": Kind(quote_at_the_end_of_a_cell),
    "quote-before-commas": Kind(
        quote_before_commas, refusal=r"train\.csv, line 7, has a quotation mark without a partner"
    ),
    "commas-in-the-last-column": Kind(commas_in_the_last_column),
    "commas-in-a-label": Kind(
        commas_in_a_label, refusal=r"train\.csv, line 8, has 3 cells, and its header has 2"
    ),
    "rows-that-end-early": Kind(rows_that_end_early),
    "comments-between-rows": Kind(comments_between_rows),
    "separator-in-a-line-of-its-own": Kind(separator_in_a_line_of_its_own),
    "title-above-the-header": Kind(
        title_above_the_header, refusal=r"line 2, has 3 cells.* remove line 1 if it is no header"
    ),
    "table-that-was-cut": Kind(
        table_that_was_cut, refusal=r"train\.csv ends within a cell.*Download it again"
    ),
    "page-instead-of-a-table": Kind(
        page_instead_of_a_table, refusal=r"train\.csv is a web page instead of a table"
    ),
    "decimal-commas-of-labels": Kind(decimal_commas_of_labels),
    "decimal-commas-everywhere": Kind(decimal_commas_everywhere),
    "decimal-commas-between-tabs": Kind(decimal_commas_between_tabs),
    "decimal-commas-between-commas": Kind(
        decimal_commas_between_commas, refusal=r"line 2, has 3 cells.*decimal commas.*semicolons"
    ),
    "rows-for-pages": Kind(rows_for_pages, refusal="'page' tells its rows apart.*--sample"),
    "rows-repeated": Kind(rows_repeated, refusal=r"3 row\(s\) are repeated word for word. Remove"),
    "addresses-of-images": Kind(addresses_of_images),
    "addresses-that-ask": Kind(addresses_that_ask),
    "addresses-of-nothing": Kind(
        addresses_of_nothing, refusal="are addresses of images.*Download them first"
    ),
}
