"""Strategies that damage the CSV and JSON files of a competition."""

import codecs
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from . import bases
from .bases import Files

TEXTS = (".csv", ".json", ".toml")
NASTY = [
    "", " ", '"', '""', "'", "\0", "nan", "NaN", "NA", "inf", "-inf", "1e999", "-0", "0x1f", "1.0",
    "007", "True", "None", "../x", "/etc/passwd", "C:\\x", "train\\000.png", "a/b", ".", "..", "é",
    "e\u0301", "\u202e", "\ufeff", "\ud800", "😀", "a b c", "a,b", "a;b", "a\tb", "a|b", "\n",
    "\r", "x\n\ny", "\x1b[2J", "=1+1", "%s", "{0}", "[bold]", "Unnamed: 0", "id", "label", "new_x",
    "900", "000", "9" * 400, "9" * 5000, "x" * 200_000, " ".join("ab" * 3000), "1" + "0" * 30,
    "2**63", "9223372036854775808", "1_000", "½", "٣",
]  # fmt: skip
_places = st.integers(0, 10_000)
_nasty = st.sampled_from(NASTY) | st.text(max_size=5)
Change = Callable[[bytes], bytes]


def _grid(change: Callable[[list[list[str]]], None]) -> Change:
    """A change of cells; rows are split at every comma, quoted or not."""

    def apply(content: bytes) -> bytes:
        text = content.decode("utf-8", "surrogateescape")
        rows = [line.split(",") for line in text.splitlines()] or [[""]]
        change(rows)
        return "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")

    return apply


@st.composite
def _cells(draw: st.DrawFn) -> Change:
    what = draw(st.sampled_from(["set", "set", "head", "drop", "twice", "quote", "row", "no row"]))
    down, across, value = draw(_places), draw(_places), draw(_nasty)

    def change(rows: list[list[str]]) -> None:
        row = rows[0 if what == "head" else down % len(rows)]
        at = across % max(1, len(row))
        if what in ("set", "head"):
            row[at : at + 1] = [value]
        elif what == "drop":
            del row[at : at + 1]
        elif what == "twice":
            row[at:at] = row[at : at + 1]
        elif what == "quote":
            row[at : at + 1] = [f'"{value}']
        elif what == "row":
            rows.append(list(row))
        else:
            del rows[down % len(rows)]

    return _grid(change)


@st.composite
def _columns(draw: st.DrawFn) -> Change:
    what = draw(st.sampled_from(["drop", "twice", "fill", "swap"]))
    across, other, value = draw(_places), draw(_places), draw(_nasty)

    def change(rows: list[list[str]]) -> None:
        for number, row in enumerate(rows):
            if not row:
                continue
            at, to = across % len(row), other % len(row)
            if what == "drop":
                del row[at]
            elif what == "twice":
                row.append(row[at])
            elif what == "fill" and number:
                row[at] = value
            elif what == "swap":
                row[at], row[to] = row[to], row[at]

    return _grid(change)


@st.composite
def _bytes(draw: st.DrawFn) -> Change:
    what = draw(st.sampled_from(["flip", "cut", "insert", "fill", "repeat"]))
    at, value = draw(_places), draw(st.binary(min_size=1, max_size=4) | st.just(b"\0"))

    def apply(content: bytes) -> bytes:
        place = at % max(1, len(content))
        if what == "cut":
            return content[:place]
        if what == "fill":
            return value * (at % 50)
        if what == "repeat":
            return content * (1 + at % 3)
        after = place + (len(value) if what == "flip" else 0)
        return content[:place] + value + content[after:]

    return apply


@st.composite
def _encodings(draw: st.DrawFn) -> Change:
    name = draw(st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32",
                                 "cp1252", "cp500", "utf-7", "shift-jis"]))  # fmt: skip
    mark = draw(st.sampled_from([b"", b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\xff\xfe\0\0"]))
    ends = draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\x0b"]))
    between = draw(st.sampled_from([",", ";", "\t", "|", " ", ",,", ", "]))

    def apply(content: bytes) -> bytes:
        text = content.decode("utf-8", "replace").replace("\n", ends).replace(",", between)
        return mark + text.encode(name, "replace")

    return apply


_values: st.SearchStrategy[Any] = (
    _nasty
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([[], {}, [[]], [1, "a", None], {"id": 1}, 10**400, -1, 2**64])
)


def _at(content: Any, steps: list[int], value: Any, what: str) -> None:
    """Follow steps into JSON, and change what is there."""
    for number, step in enumerate(steps):
        if not isinstance(content, (dict, list)) or not content:
            return
        keys = list(content) if isinstance(content, dict) else list(range(len(content)))
        key = keys[step % len(keys)]
        if number < len(steps) - 1 and isinstance(content[key], (dict, list)) and content[key]:
            content = content[key]
            continue
        if what == "drop":
            del content[key]
        elif what == "name" and isinstance(content, dict):
            content[str(value)] = content.pop(key)
        elif what == "twice" and isinstance(content, list):
            content.append(content[key])
        else:
            content[key] = value
        return


@st.composite
def _nodes(draw: st.DrawFn) -> Change:
    what = draw(st.sampled_from(["set", "set", "drop", "name", "twice", "deep", "number", "raw"]))
    steps, value = draw(st.lists(_places, min_size=1, max_size=4)), draw(_values)
    depth = draw(st.sampled_from([3, 200, 450, 700, 900, 5000, 100_000]))

    def apply(content: bytes) -> bytes:
        if what == "deep":
            sign = b'{"a":' if steps[0] % 2 else b"["
            return sign * depth + (b"" if steps[0] % 3 else b"1" + b"]" * depth)
        if what == "number":
            return content.replace(b"1", b"1" * (depth % 9999), 1)
        try:
            parsed = json.loads(content)
        except (ValueError, RecursionError):
            return content
        if what == "raw":
            parsed = value
        else:
            _at(parsed, steps, value, what)
        try:
            return json.dumps(parsed).encode()
        except ValueError:  # a number of too many digits
            return b"[" + b"7" * 5000 + b"]"

    return apply


_CHANGES = {
    ".csv": _cells() | _columns() | _bytes() | _encodings(),
    ".json": _nodes() | _nodes() | _bytes() | _encodings(),
    ".toml": _cells() | _bytes() | _encodings(),
}


@st.composite
def competitions(draw: st.DrawFn) -> Files:
    """A small competition with one to four damages of its tables."""
    files = dict(draw(st.sampled_from(bases.tabular())))
    names = [name for name in files if name.endswith(TEXTS)]
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(names))
        change = draw(_CHANGES[name[name.rindex(".") :]])
        files[name] = change(files[name])
    if draw(st.integers(0, 19)) == 0:
        gone = draw(st.sampled_from(sorted(files)))
        del files[gone]
    return files
