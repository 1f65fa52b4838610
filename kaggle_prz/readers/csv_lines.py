"""Tables that are not quite CSV, line by line: read where one reading is sensible, else refused."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.csv_dialect import Dialect

_FEWEST_LISTS = 0.05  # of the lines, where unquoted lists are read as such
_MOST_KNOWN = 0.5  # different cells a line, in a column whose cells are known
_MANY = 0.5  # of a column's cells with a quotation mark, which is then part of them
_NUMBER = re.compile(r"[-+]?\d*[.]?\d+(?:[eE][-+]?\d+)?")


@dataclass
class _Row:
    line: int  # where it starts, from 1
    cells: list[str]
    lines: int = 1  # how many it takes


def rows(path: Path, dialect: Dialect) -> list[list[str]]:
    """Return the header and the rows of a table, all with as many cells as the header has.

    | in the file | read as |
    |---|---|
    | lines that begin with `#` | comments |
    | more cells than the header, all empty | nothing |
    | fewer cells | empty cells at the end |
    | quotation marks around whole lines | nothing |
    | a quotation mark without a partner | no quotation mark, if every line is then a row |
    | separators in the last column of text | text, if the other cells fit their columns |

    Raises:
        DataError: anything else, with the number of the line.
    """
    with path.open(encoding=dialect.encoding, newline="") as file:
        lines = list(file)[dialect.before :]
    if dialect.wrapped:
        lines = [_unquoted(line.strip()) + "\n" for line in lines]
    found = _without_comments(_numbered(path, lines, dialect))
    if not found:
        return []
    header, *body = found
    width = len(header.cells)
    for row in body:
        if len(row.cells) > width and not any(cell.strip() for cell in row.cells[width:]):
            del row.cells[width:]
    _merge(path, header, body, dialect.separator)
    for row in body:
        row.cells += [""] * (width - len(row.cells))
    _drop_lone_quotes(body, width)
    return [header.cells, *(row.cells for row in body)]


def _numbered(path: Path, lines: list[str], dialect: Dialect) -> list[_Row]:
    standard, fault = _as_csv(lines, dialect)
    by_line = _by_line(lines, dialect)
    if standard is None:
        if _ends_early(lines):
            raise DataError(
                f"{path} ends within a cell, in line {dialect.before + len(lines)}: it is "
                "incomplete. Download it again."
            )
        width = len(by_line[0].cells) if by_line else 0
        if all(len(row.cells) == width or row.cells[0].startswith("#") for row in by_line):
            return by_line
        raise _lone_quote(path, lines, by_line, dialect, fault)
    several = [row for row in standard if row.lines > 1]
    return by_line if several and _swallowed(several, by_line) else standard


def _ends_early(lines: list[str]) -> bool:
    """Return whether the last line is not ended, nor the cell in it."""
    odd = [number for number, line in enumerate(lines, 1) if line.count('"') % 2]
    return odd == [len(lines)] and not lines[-1].endswith(("\n", "\r"))


def _as_csv(lines: list[str], dialect: Dialect) -> tuple[list[_Row] | None, str]:
    """Return the rows as CSV has them; None where quotation marks are not as it has them."""
    found: list[_Row] = []
    reader = csv.reader(lines, delimiter=dialect.separator, strict=True)
    done = 0
    try:
        for cells in reader:
            if cells:
                found.append(_Row(dialect.before + done + 1, cells, reader.line_num - done))
            done = reader.line_num
    except csv.Error as error:
        return None, str(error)
    return found, ""


def _by_line(lines: list[str], dialect: Dialect) -> list[_Row]:
    """Return a row for every line; quotation marks count where a line has pairs of them."""
    found = []
    for number, line in enumerate(lines, dialect.before + 1):
        bare = line.rstrip("\r\n")
        if not bare.strip():
            continue
        if '"' in bare and not bare.count('"') % 2:
            cells = next(csv.reader([bare], delimiter=dialect.separator))
        else:
            cells = [_unquoted(cell) for cell in bare.split(dialect.separator)]
        found.append(_Row(number, cells))
    return found


def _unquoted(cell: str) -> str:
    quoted = len(cell) > 1 and cell.startswith('"') and cell.endswith('"')
    return cell[1:-1].replace('""', '"') if quoted else cell


def _swallowed(several: list[_Row], by_line: list[_Row]) -> bool:
    """Return whether the lines within cells of several are rows by themselves.

    So they are if every line has as many cells as the header, and those in question begin as other
    lines do, with an id of their form.
    """
    width = len(by_line[0].cells)
    if any(len(row.cells) != width for row in by_line):
        return False
    within = {n for row in several for n in range(row.line, row.line + row.lines)}
    forms = {_form(row.cells[0]) for row in by_line[1:] if row.line not in within}
    inner = {n for row in several for n in range(row.line + 1, row.line + row.lines)}
    return all(_form(row.cells[0]) in forms for row in by_line if row.line in inner)


def _form(cell: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", cell.strip(' "')))


def _without_comments(found: list[_Row]) -> list[_Row]:
    if not found:
        return found
    width = len(found[0].cells)

    def is_comment(row: _Row) -> bool:
        start = row.cells[0].lstrip()
        return start.startswith("#") and (len(row.cells) < width or start.startswith("# "))

    comments = [row.line for row in found[1:] if is_comment(row)]
    if not comments or len(comments) > 0.5 * len(found):
        return found
    left_out = set(comments)
    return [row for row in found if row.line not in left_out]


def _merge(path: Path, header: _Row, body: list[_Row], separator: str) -> None:
    """Put back together what separators within text have parted."""
    width = len(header.cells)
    longer = [row for row in body if len(row.cells) > width]
    if not longer:
        return
    usual = [row.cells for row in body if len(row.cells) == width]
    columns = [_Column([cells[k] for cells in usual]) for k in range(width)]
    fitting = [
        place
        for place in range(width)
        if _holds_separators(columns[place], longer, place, width, len(body))
        and all(
            _fits(_joined(row.cells, place, width, separator), columns, place) for row in longer
        )
    ]
    if len(usual) < 2 or len(fitting) != 1:
        raise _too_long(path, header, longer, usual, separator)
    for row in longer:
        row.cells = _joined(row.cells, fitting[0], width, separator)


class _Column:
    """What cells of a column have in common, in lines with as many cells as the header."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.known = {cell.strip() for cell in cells}
        self.numbers = bool(cells) and all(_NUMBER.fullmatch(cell.strip()) for cell in cells)
        self.closed = len(self.known) <= _MOST_KNOWN * len(cells)
        self.blanks = any(" " in cell.strip() for cell in cells)
        self.indented = any(cell.startswith(" ") for cell in cells)
        self.forms = {_form(cell) for cell in cells}

    def fits(self, cell: str) -> bool:
        if self.numbers:
            return bool(_NUMBER.fullmatch(cell.strip()))
        if self.closed:
            return cell.strip() in self.known
        spaced = " " in cell.strip() and not self.blanks
        return not spaced and (self.indented or not cell.startswith(" "))


def _holds_separators(
    column: _Column, longer: list[_Row], place: int, width: int, rows: int
) -> bool:
    """Return whether a column has text, or is the last one and has lists of what it holds."""
    if column.numbers:
        return False
    if column.blanks:
        return True
    many = len(longer) >= max(3, _FEWEST_LISTS * rows)
    parts = {cell.strip() for row in longer for cell in row.cells[place:]}
    return place == width - 1 and many and parts <= column.known


def _fits(cells: list[str], columns: Sequence[_Column], place: int) -> bool:
    return all(
        column.fits(cell)
        for number, (cell, column) in enumerate(zip(cells, columns, strict=True))
        if number != place
    )


def _joined(cells: list[str], place: int, width: int, separator: str) -> list[str]:
    end = place + 1 + len(cells) - width
    return [*cells[:place], separator.join(cells[place:end]), *cells[end:]]


def _drop_lone_quotes(body: list[_Row], width: int) -> None:
    """Take quotation marks without a partner from cells.

    But for those at the start they stay, as in `12"`, unless other rows have the cell without it.
    """
    for place in range(width):
        odd = [row for row in body if row.cells[place].count('"') % 2]
        if not odd:
            continue
        known = {row.cells[place].strip() for row in body}
        few = len(odd) <= _MANY * len(body)
        for row in odd:
            cell = row.cells[place].strip()
            bare = cell.replace('"', "").strip()
            if few and bare in known:
                row.cells[place] = bare
            elif cell.startswith('"'):
                row.cells[place] = cell[1:].strip()


def _too_long(
    path: Path, header: _Row, longer: list[_Row], usual: list[list[str]], separator: str
) -> DataError:
    width, count = len(header.cells), len(longer[0].cells)
    names = ", ".join(cell.strip() for cell in header.cells[:5])
    told = f"{path}, line {longer[0].line}, has {count} cells, and its header has {width} ({names})"
    numbers = all(cell.strip().isdecimal() for row in longer for cell in row.cells[width - 1 :])
    if separator == "," and numbers and count < 2 * width:
        return DataError(
            f"{told}. If its numbers have decimal commas, write them with points, or put "
            "semicolons between the cells."
        )
    if not usual:
        return DataError(
            f"{told}, as have all the lines below it. Give every column a name, or remove line "
            f"{header.line} if it is no header."
        )
    sign = {",": "comma", ";": "semicolon", "\t": "tab"}.get(separator, "bar")
    return DataError(
        f"{told}. Put cells with a {sign} in them between quotation marks, or remove the {sign}."
    )


def _lone_quote(
    path: Path, lines: list[str], by_line: list[_Row], dialect: Dialect, fault: str
) -> DataError:
    """Return the error for quotation marks that have no partner."""
    odd = [n for n, line in enumerate(lines, dialect.before + 1) if line.count('"') % 2]
    if not odd:
        width = len(by_line[0].cells)
        odd = [row.line for row in by_line if len(row.cells) != width] or [dialect.before + 1]
    line = lines[odd[0] - dialect.before - 1].strip()
    shown = line if len(line) <= 60 else f"{line[:60]} …"
    why = "" if "end of data" in fault or "EOF" in fault else f" ({fault})"
    return DataError(
        f"{path}, line {odd[0]}, has a quotation mark without a partner{why}: {shown}. Remove it, "
        "or write it twice within a cell between quotation marks."
    )
