"""Which column, or which columns, of a table hold the labels."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.core.task import Text
from kaggle_prz.readers.csv_tables import header, nearly_unique, text_of
from kaggle_prz.tasks.infer.encode import gaps, lists, multi_output, other_tasks, units
from kaggle_prz.tasks.infer.encode.wide import hot_columns
from kaggle_prz.tasks.infer.labels import no_finding, split
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

ONLY_ONE = "the only column left"
_PROBABLE = "it has two values, and the sample's cells are probabilities"
NAMED_LIKE_ONE = "its name is that of a label"
_SAME_NAME = "same name as in the sample submission"
_LABEL_NAMES = (
    "label", "target", "class", "category", "species", "breed", "tag", "level", "grade", "diagnos",
    "cultivar",
)  # fmt: skip
_OF_ROLES = {"fold", "set", "split", "subset", "usage"}  # words in names of columns
_COCO = ("category_id", "label_id", "category_name")
_FEWEST_LETTERS = 3  # of a name that is found within another by no chance
_FEW_TOKENS = 3  # numbers as common as 0 and 1 are in many columns


@dataclass(frozen=True)
class Target:
    """The labels as a table has them."""

    column: str  # name of their column; of several, the first and how many
    values: Text  # `(rows,)` text; of several columns, empty where a cell of the row is
    rule: str  # why this column was chosen
    matrix: pd.DataFrame | None = None  # `(rows, columns)` text of several columns of labels
    doubt: str = ""  # a sentence where another column would have suited as well, else empty
    may_be_empty: bool = False  # labels are lists, so that a row may have none
    notes: tuple[str, ...] = ()  # sentences on what was computed
    read: str = ""  # a phrase on how the numbers are written

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the table that say the labels."""
        return frozenset([self.column] if self.matrix is None else self.matrix.attrs["of_table"])

    def unlabelled(self) -> np.ndarray:
        """`(rows,)` whether a row has no label; a list of labels may be empty."""
        empty = words.missing(self.values)
        return np.zeros(len(empty), bool) if self.may_be_empty else empty


def choose(
    sample: Sample,
    labels: LabelTable,
    target: str | None,
    features: frozenset[str] = frozenset(),
    separator: str | None = None,
) -> Target:
    """Choose the column of labels.

    Args:
        sample: of the submission.
        labels: the table.
        target: a column that a person chose.
        features: columns that the test set has too. They are labels only by their name.
        separator: what a person says of lists of classes.
    """
    columns = [name for name in labels.frame.columns if name != labels.id_column]
    used = target not in columns and {*sample.targets} <= {*columns}  # cells of a long table
    used = used and target != labels.id_column
    if target is not None and not (used and target in header(labels.path)):
        if target == labels.id_column:
            raise UsageError(
                f"--target {target!r} names the images in {labels.path.name}. Choose a column of "
                f"labels; the others are {', '.join(columns)}."
            )
        if target not in columns:
            raise UsageError(
                f"--target {target!r} is not a column of {labels.path.name}; its "
                f"columns are {', '.join(columns)}."
            )
        return _of_column(sample, labels, target, "given with --target", separator=separator)
    if len(sample.targets) > 1 and (several := _several(sample, labels, columns)) is not None:
        return several
    if len(sample.targets) > 1 and (parts := multi_output.in_names(sample, labels.frame, columns)):
        rule = "their names and values are those of the sample's columns"
        return _of_columns(labels.frame, labels, {n: n for n in parts}, rule, sample)
    if len(sample.targets) == 1:
        own = [name for name in columns if name not in features]
        if summed := _summed(sample, labels, columns, own, separator):
            return summed
    column, rule, others = _by_rule(sample, labels, columns, features, separator)
    doubt = ""
    if others:
        doubt = (
            f"{labels.path.name} has several columns that may be the labels ({column}, "
            f"{', '.join(others)}); {column} is used. To use another, choose it with --target."
        )
    return _of_column(sample, labels, column, rule, doubt=doubt, separator=separator)


def _of_column(
    sample: Sample,
    labels: LabelTable,
    column: str,
    rule: str,
    *,
    separator: str | None,
    doubt: str = "",
) -> Target:
    target = sample.targets[0] if len(sample.targets) == 1 else ""
    read = units.bare(labels.column(column), sample, target, column, separator)
    values = read.values
    given = values[~words.missing(values)]
    shown = lists.shown_in(sample) if len(sample.targets) == 1 else set()
    wide = len(sample.targets) > 1
    some = len(given) < len(values) or wide
    between = words.separator(given, separator, shown) if some else None
    if wide and between is not None and (bare := no_finding.cleared(values, between, sample)):
        return Target(column, bare[0], rule, doubt=doubt, may_be_empty=True, notes=(bare[1],))
    if between is not None and (named := no_finding.named(values, between, sample)) is not None:
        return Target(column, named[0], rule, doubt=doubt, notes=(named[1],))
    return Target(column, values, rule, None, doubt, between is not None, read.notes, read.rule)


def _several(sample: Sample, labels: LabelTable, columns: list[str]) -> Target | None:
    exact = {name: name for name in columns}
    loose = {words.plain(name): name for name in columns}
    found = {name: exact.get(name) or loose.get(words.plain(name), "") for name in sample.targets}
    lacking = [name for name, column in found.items() if not column]
    if len(lacking) == len(found):
        found = _with_ending(list(sample.targets), columns)
        lacking = []
    if len(lacking) > 0.5 * len(found):
        return None
    rule = "its columns are the sample's"
    computed = [no_finding.column_of(sample)] == lacking
    if lacking and not computed:
        raise DataError(
            f"{labels.path.name} has no column for {', '.join(map(repr, lacking[:5]))} of "
            f"{sample.path.name}, but columns for the other {len(found) - len(lacking)}. Add the "
            "missing labels, or choose a column of labels with --target."
        )
    found = {name: own for name, own in found.items() if own}
    if not found:
        return None
    named = [own for name, own in found.items() if not _holds_words(sample, name)]
    frame = _with_numbers(labels, named)
    chosen = _of_columns(frame, labels, found, rule, sample)
    return _with_none(chosen, labels, sample) if computed else chosen


def _with_none(chosen: Target, labels: LabelTable, sample: Sample) -> Target:
    """Return several columns of labels with the one that is 1 where all others are 0."""
    whole = None if chosen.matrix is None else no_finding.computed(chosen.matrix, sample)
    if whole is None:
        raise DataError(
            f"{labels.path.name} has no column for {no_finding.column_of(sample)!r} of "
            f"{sample.path.name}, and it cannot be computed from the others: they must hold 0 and "
            "1, and some row only 0. Add the missing labels."
        )
    whole[0].attrs["of_table"] = tuple(chosen.columns)
    return replace(chosen, matrix=whole[0], notes=(*chosen.notes, whole[1]))


def _holds_words(sample: Sample, column: str) -> bool:
    return not all(map(words.is_number, set(sample.column(column).tolist()) - {""}))


def _with_numbers(labels: LabelTable, columns: list[str]) -> pd.DataFrame:
    """Return the table with True and False, yes and no and the like as 1 and 0 in some columns."""
    tried = {name: labels.tried(name) for name in columns}
    numbers = {name: words.truth_as_numbers(own, both=False) for name, own in tried.items()}
    return labels.frame.assign(**{n: own for n, own in numbers.items() if own is not tried[n]})


def _with_ending(wanted: list[str], columns: list[str]) -> dict[str, str]:
    """Return columns called like those wanted with one ending, such as `X4_mean`."""
    endings = [name.removeprefix(wanted[0]) for name in columns if name.startswith(wanted[0])]
    whole = [e for e in endings if all(name + e in columns for name in wanted)]
    whole = [e for e in whole if e == "_mean"] or whole
    return {name: name + whole[0] for name in wanted} if len(whole) == 1 else {}


def _summed(
    sample: Sample, labels: LabelTable, columns: list[str], own: list[str], separator: str | None
) -> Target | None:
    """Return columns of 0 and 1 that the sample's one column sums up, or None."""
    if any(words.plain(name) == words.plain(sample.targets[0]) for name in columns):
        return None
    hot, rule = hot_columns(sample, labels, own, separator)
    frame = _with_numbers(labels, hot)
    return _of_columns(frame, labels, {n: n for n in hot}, rule, sample) if hot else None


def _of_columns(
    frame: pd.DataFrame, labels: LabelTable, found: dict[str, str], rule: str, sample: Sample
) -> Target:
    """Return labels in several columns of a table, under the names that they are found for."""
    read = {
        name: units.bare(text_of(frame[column], labels.path), sample, name, column)
        for name, column in found.items()
    }
    matrix = pd.DataFrame({name: one.values for name, one in read.items()}, dtype=object)
    how = "".join(dict.fromkeys(one.rule for one in read.values()))
    notes = tuple(note for one in read.values() for note in one.notes)
    tags = gaps.filled(matrix)
    if tags is not None:
        matrix = tags.cells
    matrix.attrs["of_table"] = tuple(found.values())
    cells = [words.missing(text_of(matrix[name])) for name in found]
    lost = np.any(cells, axis=0) if tags is None else np.all(cells, axis=0)
    values: Text = np.where(lost, "", "given")
    first = next(iter(found.values()))
    more = "1 more column" if len(found) == 2 else f"{len(found) - 1} more columns"
    doubt = "" if tags is None else tags.note
    return Target(f"{first} and {more}", values, rule, matrix, doubt, notes=notes, read=how)


def _by_rule(
    sample: Sample,
    labels: LabelTable,
    columns: list[str],
    features: frozenset[str],
    separator: str | None,
) -> tuple[str, str, list[str]]:
    roles = split.of(labels.frame)
    own = [n for n in columns if n not in features and (roles is None or n != roles.column)]
    for rule, suits in _rules(sample, labels, separator):
        same = rule.startswith(_SAME_NAME)
        suited = [column for column in (columns if same else own) if suits(column)]
        likelier = [] if same else _probable(sample, labels, suited, own)
        if suited:
            best = _most_alike(sample, labels, likelier or suited)
            others = [column for column in likelier + suited if column != best]
            return best, _PROBABLE if likelier else rule, others
    may_be = own if len(own) == 1 else [name for name in own if _repeats_values(labels, name)]
    if len(may_be) == 1:
        return may_be[0], ONLY_ONE, [name for name in own if name != may_be[0]]
    if (points := other_tasks.of_points(columns)) is not None:
        raise other_tasks.refusal(points, labels.path.name)
    raise DataError(
        f"None of the columns of {labels.path.name} ({', '.join(columns)}) fits the columns of "
        f"the sample submission, {', '.join(sample.targets[:5])}. Choose the column of labels "
        "with --target."
    )


def _probable(sample: Sample, labels: LabelTable, suited: list[str], own: list[str]) -> list[str]:
    """Return columns that probabilities can be of, where cells are some and none suited is one."""
    cells = sample.numbers().dropna()
    if len(sample.targets) > 1 or not sample.fractional() or not cells.between(0, 1).all():
        return []
    held = {name: set(labels.tried(name).tolist()) - {""} for name in own}
    names = {n for n in suited if len(held[n]) > 2 and not all(map(words.is_number, held[n]))}
    if names != {*suited}:
        return []
    return [n for n in own if len(held[n]) == 2 and not _OF_ROLES & {*words.parts(n)}]


def _repeats_values(labels: LabelTable, column: str) -> bool:
    """Return whether a column has several values, most of them in several rows, as classes do."""
    values = labels.frame[column]
    return values.nunique() > 1 and not nearly_unique(values)


def _most_alike(sample: Sample, labels: LabelTable, suited: list[str]) -> str:
    """Return the first column that a rule allows and whose values are numbers if the cells are."""
    cells = [cell for cell in sample.column(sample.targets[0])[:50].tolist() if cell]
    if len(sample.targets) > 1 or not cells:
        return suited[0]
    number = all(re.fullmatch(r"[-\d. ]+", cell) for cell in cells)
    for column in suited:
        values = [value for value in labels.tried(column)[:50].tolist() if value]
        if all(bool(re.fullmatch(r"[-\d. ]+", value)) == number for value in values):
            return column
    return suited[0]


def fits(sample: Sample, columns: Sequence[str]) -> bool:
    """Return whether columns of labels are called as the sample's, or as labels usually are.

    So they are where they were chosen for their values, unless these are as common as 0 and 1.
    """
    names = {words.plain(name) for name in sample.targets}
    if any(words.plain(name) in names or _is_label(name) for name in columns):
        return True
    return len(sample.targets) > 1 or _are_telling(_shown(sample))


def _shown(sample: Sample) -> set[str]:
    return set(sample.column(sample.targets[0]).tolist()) - {""}


def _are_telling(cells: set[str]) -> bool:
    parts = words.tokens(cells, " ") | cells
    return len(parts) >= _FEW_TOKENS or any(not part.isdecimal() for part in parts)


def _is_label(column: str) -> bool:
    return any(part.startswith(_LABEL_NAMES) for part in words.parts(column))


def _rules(
    sample: Sample, labels: LabelTable, separator: str | None
) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Rules in the order in which they are tried, each as a sentence and a test of a column."""

    def mostly(part: set[str], whole: set[str]) -> bool:
        return bool(part) and len(part & whole) >= 0.5 * len(part)

    def values(column: str) -> set[str]:
        return set(pd.unique(pd.Series(labels.tried(column), dtype=object))) - {""}

    def tokens(column: str) -> set[str]:
        cells = np.array(sorted(values(column)))
        return words.tokens(values(column), words.separator(cells, separator))

    def numbered(column: str) -> bool:
        found = [value for value in values(column) if value.lower() not in words.MARKS]
        return words.onto(sorted(found), sample.targets) is not None

    if len(sample.targets) > 1:
        names = set(sample.targets)
        yield "its values are names of the sample's columns", lambda c: mostly(values(c), names)
        yield "its lists have names of the sample's columns", lambda c: mostly(tokens(c), names)
        yield "its values resemble names of the sample's columns", numbered
        return
    wanted = sample.targets[0]
    cells = _shown(sample)
    telling = _are_telling(cells)
    yield _SAME_NAME, lambda c: c == wanted
    yield f"{_SAME_NAME}, ignoring case", lambda c: words.plain(c) == words.plain(wanted)
    yield (
        "its name is part of that in the sample submission",
        lambda c: len(words.plain(c)) >= _FEWEST_LETTERS and words.plain(c) in words.plain(wanted),
    )
    yield "its name is that of a label in COCO's annotations", lambda c: c in _COCO
    in_cells = "its values are in the sample's cells"
    known = (cells, words.tokens(cells, " "))
    if telling:
        yield in_cells, lambda c: any(mostly(part, values(c)) for part in known)
    yield NAMED_LIKE_ONE, _is_label
    if not telling:
        yield in_cells, lambda c: any(mostly(part, values(c)) for part in known)
