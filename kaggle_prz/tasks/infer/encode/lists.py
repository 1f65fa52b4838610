"""Several classes in one cell: what stands between them, lists of tags, ranked classes."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.encode.encoded import Column, Encoded, codes, matrix_of, need_two
from kaggle_prz.tasks.infer.tables import Sample, words

_SIGNS = {"|": "bars", ";": "semicolons", ",": "commas", " ": "blanks"}
_OTHER_SIGNS = ("+", "/", "&", "#", "-", " and ")  # lists between them are not read
_JOINING = ("&", "+", "/", "and")  # words between classes that are none
_ALONE = 0.6  # of the words in lists
_KNOWN = 0.5  # of the words in the sample's cells


def between(values: Text, sample: Sample, said: str | None = None) -> str | None:
    """Return what stands between the classes of a cell of labels, or None if each is one class.

    Raises:
        UsageError: no cell has the separator that a person says.
    """
    shown = shown_in(sample)
    sign = words.separator(values, said, shown)
    if said is not None and sign and not any(sign in cell for cell in values.tolist()):
        if any(sign in cell for cell in shown):
            _refuse_brackets(sample)
            return None  # a label each, and several in a cell of the submission
        some = words.some([repr(cell) for cell in dict.fromkeys(values.tolist()) if cell], 3)
        raise UsageError(
            f"--separator {said}: no label has {_SIGNS[sign]}; labels are such as {some}. Choose "
            "what stands between several classes of a label, or none if each label is one class."
        )
    return sign


class Parted(NamedTuple):
    """Lists of classes alone, what stood between them if more than one sign, and a phrase on it."""

    values: Text
    sign: str = ""
    rule: str = ""


def without_joining(values: Text, between: str | None) -> Parted:
    """Return lists without words such as `&` and `and`, where these only stand between others."""
    if not between:
        return Parted(values)
    cells = set(values.tolist()) - {""}
    split = {cell: [part.strip() for part in cell.split(between)] for cell in cells}
    ends = {parts[place] for parts in split.values() for place in (0, -1) if parts}
    inner = {part for parts in split.values() for part in parts} - ends
    joining = {part for part in inner if part.lower() in _JOINING}
    if not joining:
        return Parted(values)
    bare = {
        cell: between.join(part for part in parts if part not in joining)
        for cell, parts in split.items()
    }
    sign = f" {min(joining)} "
    alike = between == " " and all(
        len(parts) == 1 or cell == sign.join(bare[cell].split(between))
        for cell, parts in split.items()
    )
    listed = words.some(list(map(repr, sorted(joining))))
    return Parted(
        np.array([bare.get(cell, "") for cell in values.tolist()], dtype=str),
        sign if alike else "",
        f"; {listed} alone is no class",
    )


def shown_in(sample: Sample) -> set[str]:
    """Return the different cells of the sample's first target column."""
    return set(sample.column(sample.targets[0]).tolist()) - {""}


def is_fraction(token: str) -> bool:
    """Return whether a word is a number with a point."""
    return bool(re.fullmatch(r"\d*\.\d+(e-?\d+)?", token))


def ranked(this: Column) -> Encoded | None:
    """Return one class a row where cells hold several, the most probable first; else None."""
    cells = [cell.split() for cell in shown_in(this.sample)]
    most = max((len(cell) for cell in cells), default=0)
    shown = {token for cell in cells for token in cell}
    if this.between or this.said == "none" or any(" " in name for name in this.found):
        return None
    if (
        most > 1
        and not _strange(shown, this.found)
        and len(shown & {*this.found}) >= _KNOWN * len(shown)
    ):
        rule = f"{most} classes in a cell of the sample, one per label"
    elif this.metric is not None and this.metric.wants == "ranks":
        if most > 1 and not shown & {*this.found} and not all(map(str.isdecimal, shown)):
            raise DataError(
                f"The cells of {this.sample.path.name} hold names, such as {min(shown)!r}, that "
                f"are none of the labels ({words.some(this.found, 3)}). If they are names of "
                "images, this is retrieval of images, which is not supported. Otherwise choose the "
                "column with such labels with --target."
            )
        most = int((re.findall(r"\d+", this.metric.name) or ["5"])[0])
        rule = f"{this.metric.title} takes {most} classes per cell"
    else:
        return None
    need_two(this.found)
    labels = codes(this.values, this.found)
    return Encoded("classes", "ranked", tuple(this.found), labels, rule, most_ranked=most)


def _strange(shown: set[str], found: list[str]) -> bool:
    """Return whether words are neither labels nor like them, as a number beside names."""
    numbered = all(name.isdecimal() for name in found)
    return any(is_fraction(word) or word.isdecimal() > numbered for word in shown - {*found})


def with_confidence(this: Column) -> Encoded | None:
    """Return one class a row where cells hold a class and how sure it is; else None.

    Raises:
        DataError: cells hold several classes, each with its confidence.
    """
    given = shown_in(this.sample)
    split = [cell.replace(",", " ").split() for cell in given]
    if this.between or not given or not all(map(_pairs, split)):
        return None
    sure = {number for tokens in split for number in tokens[1::2]}
    if not any(map(is_fraction, sure)) and sure & {*this.found}:
        return None
    shown = {token for cell in split for token in cell[::2]}
    if len(shown & {*this.found}) < _KNOWN * len(shown):
        return None
    if max(map(len, split)) > 2 or any("," in cell for cell in given):
        raise DataError(
            f"The cells of {this.sample.path.name} must be one class and its confidence between "
            f"blanks, such as 'cat 0.5'; received {min(given, key=len)!r}. Other forms are not "
            "supported."
        )
    need_two(this.found)
    labels = codes(this.values, this.found)
    rule = "a class and its confidence in every cell of the sample"
    return Encoded("classes", "label", tuple(this.found), labels, rule, confident=True)


def _pairs(tokens: list[str]) -> bool:
    """Return whether words are classes, each before a number from 0 to 1."""
    sure = tokens[1::2]
    return len(tokens) == 2 * len(sure) > 0 and all(
        is_fraction(one) or one in {"0", "1", "1.0"} for one in sure
    )


def tags(this: Column) -> Encoded | None:
    """Return tags where labels are lists, or None."""
    if not this.between or (this.metric is not None and "tags" not in this.metric.kinds):
        return None
    classes = words.in_order(words.tokens(this.found, this.between))
    written = written_between(this, classes)
    labels = matrix_of(this.values, classes, this.between)
    rule = f"labels are lists, separated by {_SIGNS[this.between]}"
    if written.strip() in _JOINING:
        rule += f"; the submission has {written.strip()!r} between them"
    elif written.strip() != this.between.strip():
        rule += f", in the sample by {_SIGNS[written.strip() or ' ']}"
    return Encoded(
        "tags", "labels", tuple(classes), labels, rule, between=written, warnings=_doubt(this)
    )


def _doubt(this: Column) -> tuple[str, ...]:
    """Return a sentence on names that may be taken for lists."""
    joined = [name for name in this.found if this.between in name]
    never_alone = words.tokens(joined, this.between) - {*this.found}
    shown = any(this.between in cell for cell in shown_in(this.sample))
    placed = words.have_places(joined, this.between)
    if this.said is not None or this.between != " " or shown or not never_alone:
        return ()
    if not placed and never_alone < words.tokens(joined, this.between):
        return ()
    return (
        f"Labels such as {joined[0]!r} are read as lists of classes between blanks. If each is "
        "one class, use --separator none.",
    )


def doubt_of_names(this: Column) -> tuple[str, ...]:
    """Return a sentence on labels that are classes because the sample's cells are some of them."""
    if this.said or this.between:
        return ()
    sign = words.separator(this.values)
    if sign is None:
        return _doubt_of_signs(this.found)
    (said,) = (name for name, own in words.SAID.items() if own == sign)
    joined = next(name for name in this.found if sign in name)
    return (
        f"Labels such as {joined!r} are read as one class each, as in the sample's cells. If they "
        f"are lists, use --separator {said}.",
    )


def _doubt_of_signs(found: list[str]) -> tuple[str, ...]:
    """Return a sentence on labels that look like lists between signs that are not read."""
    for sign in _OTHER_SIGNS:
        joined = [name for name in found if sign in name]
        together = words.tokens(joined, sign)
        alone = len(together & {*found}) >= _ALONE * len(together)
        if together and alone and not words.have_places(joined, sign):
            apart = sign.strip() in _JOINING and not any(" " in name for name in together)
            spaced = apart and all(f" {sign.strip()} " in name for name in joined)
            way = f"write | in place of {sign.strip()} in both tables"
            return (
                f"Labels such as {joined[0]!r} are read as one class each, although their words "
                "also come alone and in another order. If they are lists, "
                f"{'use --separator space' if spaced else way}.",
            )
    return ()


def _refuse_brackets(sample: Sample) -> None:
    written = [cell for cell in shown_in(sample) if re.fullmatch(r"\[.*\]", cell)]
    if written:
        raise DataError(
            f"The cells of {sample.path.name} are lists in brackets ({min(written)}); writing such "
            "cells is not supported."
        )


def written_between(this: Column, classes: list[str]) -> str:
    """Return what stands between two classes: as in the sample, else as in the labels."""
    _refuse_brackets(this.sample)
    shown = pd.unique(pd.Series(this.sample.column(this.sample.targets[0]), dtype=object))
    between = _sign_in(shown, classes) or this.sign or _sign_in(this.found, classes) or this.between
    sign = between if between.strip() in _JOINING else between.strip() or " "
    parted = [name for name in classes if sign in name]
    if parted:
        raise DataError(
            f"Classes in the lists of {this.sample.path.name} are separated by "
            f"{_SIGNS.get(sign, repr(sign))}, so no class can contain it; {parted[0]!r} does. "
            "Rename this class in both files."
        )
    return between


def _sign_in(cells: Iterable[str], classes: list[str]) -> str:
    """Return the sign between classes in the first cells that hold several, or an empty one."""
    known = set(classes)
    for sign in _SIGNS:
        lists = [cell for cell in cells if len(words.tokens([cell], sign) & known) > 1]
        if lists and sign == " " and not known & {*_JOINING}:
            wide_sign = without_joining(np.array(lists, dtype=str), sign).sign
            if wide_sign:
                return wide_sign
        if lists:
            wide = sign != " " and all(f"{sign} " in cell for cell in lists)
            return f"{sign} " if wide else sign
    return ""
