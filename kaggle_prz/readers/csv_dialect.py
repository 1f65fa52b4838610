"""How a table is written: its encoding, its separator, and what stands before its header."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers import spreadsheets

BLANKS = r"\s+"  # the separator of tables between blanks, as pandas takes it
_SEPARATORS = (",", ";", "\t", "|")
_MOST_REMEMBERED = 256
_ZEROS = 0.2  # of the bytes of UTF-16, at least, in tables that are mostly Western
_MOST_BEFORE = 200  # lines before a header
_LONGEST_LINE = 10_000_000
_CHUNK = 1 << 22  # bytes
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SAYS_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)  # a first line that Excel honours
_WRAPPED = re.compile(r'"[^"]*[,;\t|][^"]*"\s*')
_WORD = re.compile(r"[#\s]*\S+\s*")
_NO_TEXT = re.compile(r"[\0-\x08\x0e-\x1a]")
_BESIDE_BLANKS = re.compile(r"[,;|][ \t]+\S|[ \t][,;|]")  # a separator at work, as in `id, label`
_OF_FILE = re.compile(r"\S*/\S*|\S+\.[A-Za-z]\w{1,4}")
_MOSTLY = 0.9  # of the words that a column of names has
_PAGE = re.compile(r"\s*<(!doctype html|html|\?xml)", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a table is written."""

    encoding: str
    separator: str  # one sign, or `BLANKS`
    before: int  # lines before the header: comments, and a line that says the separator
    plain: bool  # no line begins like a comment, and no quotation mark is without a partner
    wrapped: bool  # every line is between quotation marks as a whole
    commas: bool  # there may be commas within cells
    fault: str  # what it is instead of a table; empty where it is one


_SHEET = Dialect("utf-8", "\t", 0, plain=True, wrapped=False, commas=True, fault="")


class _Signs(NamedTuple):
    """What the bytes of a table have: see `Dialect`."""

    plain: bool
    quotes: bool
    commas: bool


def of(path: Path) -> Dialect:
    """Return how a table is written; cached, because a table is read many times."""
    if spreadsheets.is_sheet(path):
        return _SHEET
    status = path.stat()
    return _dialect(path, status.st_size, status.st_mtime_ns)


def encoding_of(path: Path) -> str:
    """UTF-8 unless a byte-order mark, zero bytes or bytes that are none say otherwise."""
    status = path.stat()
    return _encoding(path, status.st_size, status.st_mtime_ns)[0]


def header(path: Path) -> list[str]:
    """Return names of all columns without blanks around them; `[]` if unreadable."""
    try:
        if spreadsheets.is_sheet(path):
            return [name_of(name) for name in spreadsheets.rows(path)[0]]
        dialect = of(path)
        with path.open(encoding=dialect.encoding, newline="") as file:
            for _ in range(dialect.before):
                file.readline()
            if dialect.separator == BLANKS:
                return [name_of(name) for name in _words(file.readline())]
            lines = (line.strip().strip('"') for line in file) if dialect.wrapped else file
            names = next(csv.reader(lines, delimiter=dialect.separator), [])
        return [name_of(name) for name in names]
    except (UnicodeError, csv.Error, OSError, DataError, MissingExtraError):
        return []


def name_of(written: object) -> str:
    """Return a column's name without blanks and byte-order marks."""
    return str(written).strip().strip("\ufeff").strip()


@lru_cache(maxsize=_MOST_REMEMBERED)
def _dialect(path: Path, size: int, changed: int) -> Dialect:
    encoding, signs = _encoding(path, size, changed)
    with path.open(encoding=encoding, newline="") as file:
        lines = [file.readline(_LONGEST_LINE), file.readline(_LONGEST_LINE)]
        said = _SAYS_SEPARATOR.fullmatch(lines[0])
        if said or lines[0].startswith("#") or not lines[0].strip():
            lines += [file.readline(_LONGEST_LINE) for _ in range(_MOST_BEFORE)]
    before = _before(lines)
    top = [*lines[before : before + 2], "", ""][:2]
    wrapped = all(_WRAPPED.fullmatch(line) for line in top)
    top = [line.replace('"', "") for line in top] if wrapped else top
    separator = said[1] if said else _separator(top)
    if signs.plain and not wrapped and not any(sign in top[0] for sign in ",;|"):
        with path.open(encoding=encoding, newline="") as file:
            rest = (line for number, line in enumerate(file) if number >= before)
            separator = BLANKS if not _parts(separator, top) and _spaced(rest) else separator
    return Dialect(
        encoding,
        separator,
        before,
        plain=signs.plain and not wrapped,
        wrapped=wrapped,
        commas=signs.commas and (signs.quotes or separator != ","),
        fault=_fault("".join(lines)),
    )


@lru_cache(maxsize=_MOST_REMEMBERED)
def _encoding(path: Path, _size: int, _changed: int) -> tuple[str, _Signs]:
    content = path.read_bytes()
    encoding = _encoding_of(content)
    if encoding.startswith("utf-16"):
        content = content.decode(encoding, "replace").encode()
    quotes = b'"' in content
    plain = not (content.startswith(b"#") or b"\n#" in content or b"\r#" in content)
    plain = plain and not (quotes and _has_lone_quotes(content))
    return encoding, _Signs(plain, quotes, b"," in content)


def _has_lone_quotes(content: bytes) -> bool:
    """Return whether a line has an odd number of quotation marks."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + _CHUNK) + 1 or len(content)
        signs = np.frombuffer(content, np.uint8, end - start, start)
        before = np.searchsorted(np.flatnonzero(signs == ord('"')), np.flatnonzero(signs == 10))
        rest = int(np.count_nonzero(signs == ord('"')))
        if (before % 2).any() or rest % 2:
            return True
        start = end
    return False


def _encoding_of(content: bytes) -> str:
    start = content[:4096]
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if start.count(0) > _ZEROS * len(start):
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _fault(start: str) -> str:
    if _PAGE.match(start):
        return "is a web page instead of a table"
    return "holds something other than text" if _NO_TEXT.search(start) else ""


def _before(lines: list[str]) -> int:
    """Return how many lines stand before the header.

    The last of several lines that begin with `#` may be the header itself: it has as many cells
    as the line below it, and no cell has a blank in it.
    """
    first = 1 if _SAYS_SEPARATOR.fullmatch(lines[0]) else 0
    count = first
    while count < len(lines) and (lines[count].startswith("#") or not lines[count].strip()):
        count += 1
    if count == len(lines):
        return first
    if count > first and lines[count - 1].startswith("#"):
        last, below = lines[count - 1], lines[count]
        separator = _separator([last, below])
        cells = last.split(separator)
        words = all(_WORD.fullmatch(cell) for cell in cells)
        if words and len(cells) > 1 and len(cells) == len(below.split(separator)):
            return count - 1
    return count


def _words(line: str) -> list[str]:
    """Return what blanks part; none where a quotation mark is within a word."""
    found = re.findall(r'"[^"]*"(?![^ \t\r\n])|[^ \t\r\n]+', line)
    bare = [word[1:-1] if word.startswith('"') and word.endswith('"') else word for word in found]
    return [] if any('"' in word for word in bare) else bare


def _parts(sign: str, lines: list[str]) -> bool:
    return 0 < lines[0].count(sign) == lines[1].count(sign) and all(
        name.strip() for name in lines[0].split(sign)[1:]
    )


def _spaced(lines: Iterable[str]) -> bool:
    """Return whether blanks part the cells of a table, and not the words of its cells.

    All lines have as many words, and one column has names of files, or the first an id a line:
    names of classes have neither.
    """
    rows: list[list[str]] = []
    for line in lines:
        words = _words(line)
        if not line.strip():
            continue
        if len(words) < 2 or len(words) != len(rows[0] if rows else words):
            return False
        if _BESIDE_BLANKS.search(line):
            return False
        rows.append(words)
    if len(rows) < 2 or (len(rows[0]) > 2 and all(map(_is_number, rows[0]))):
        return False  # a matrix
    columns = list(zip(*rows[1:], strict=True))
    if any(_mostly(map(_OF_FILE.fullmatch, cells), len(rows) - 1) for cells in columns):
        return True
    numbered = _mostly((re.search(r"\d", cell) for cell in columns[0]), len(rows) - 1)
    return numbered and len(set(columns[0])) >= _MOSTLY * len(columns[0])


def _mostly(found: Iterable[object], count: int) -> bool:
    return sum(map(bool, found)) >= _MOSTLY * count


def _is_number(word: str) -> bool:
    return bool(re.fullmatch(r"[-+]?\d*\.?\d+", word))


def _separator(lines: list[str]) -> str:
    """Return what the header has most of, with names between; rather as often as the next line."""
    top, first = (re.sub(r'"[^"]*"?', "x", line) for line in lines)  # x: what is quoted

    def fits(sign: str) -> tuple[bool, bool, int]:
        count = top.count(sign)
        named = all(name.strip() for name in top.split(sign)[1:])
        return 0 < count == first.count(sign), named and count > 0, count

    return max(_SEPARATORS, key=fits)
