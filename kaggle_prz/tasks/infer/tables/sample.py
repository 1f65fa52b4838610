"""The sample submission as it is read: which of its columns are ids, to be predicted, or copied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables, decimals
from kaggle_prz.readers.csv_tables import text_of
from kaggle_prz.tasks.infer.tables import words

FIRST = "first column of the sample submission"
SOLE = "the only column with an id of its own in every row"
_GIVEN = "given with --sample-id"
_AFTER_INDEX = "first column after one that counts the rows"
_PEEK = 200
_USAGE = {"public", "private", "ignored", ""}


@dataclass(frozen=True)
class Sample:
    """The sample submission: its columns and rows are those of every submission."""

    path: Path  # the file
    id_column: str  # the column of ids; empty where it has no name
    targets: tuple[str, ...]  # the columns to predict
    ids: Text  # `(rows,)` its cells
    cells: pd.DataFrame  # those of the columns to predict, as text, with decimal points
    melted: str = ""  # the column of the cells, where the file has a row for each image and head
    id_rule: str = FIRST  # why the column has the ids
    id_others: tuple[str, ...] = ()  # columns that may have them as well
    notes: tuple[str, ...] = ()  # sentences on columns that are copied

    def column(self, name: str) -> Text:
        """Return cells of a target column as text, blanks stripped."""
        return text_of(self.cells[name], self.path)

    def numbers(self) -> pd.Series:
        """Return cells of the first target column as numbers; not a number where they are none."""
        return pd.to_numeric(self.cells[self.targets[0]], errors="coerce")

    def fractional(self) -> bool:
        """Return whether the first target column holds a number that is no integer."""
        return bool((self.numbers() % 1 > 0).any())


def read(
    path: Path, id_column: str | None = None, target: str | None = None, rule: str = ""
) -> Sample:
    """Read a sample submission.

    Columns without a name, `Usage`, and one that counts the rows before the ids are copied into a
    submission. So are the others where `target` names one of the columns.

    Raises:
        DataError: the file does not say what is to be predicted, or for which rows.
        UsageError: it has no column `id_column`.
    """
    whole = csv_tables.read_whole(path)
    _check_names(path, whole.names)
    cells = with_content(whole.cells)
    if cells.shape[1] < 2 or cells.empty:
        raise DataError(
            f"{path.name} must have an id column, a target column and rows; it has "
            f"{cells.shape[1]} column(s) and {len(cells)} row(s).{_parted(cells)}"
        )
    index = is_unnamed(whole.names[0]) and counts(cells[0])
    possible = [0] if index else []
    for place, name in enumerate(whole.names):
        if place not in possible and not _is_usage(name, cells[place]) and may_be_ids(cells[place]):
            possible.append(place)
    place, why = _place_of_ids(path, whole.names, cells, possible, id_column, index=index)
    targets = targets_of(whole.names, cells, place)
    if not targets:
        raise DataError(f"{path.name} has no column to predict beside its ids.")
    notes = [copied(path, [n for k, n in enumerate(whole.names) if k not in {place, *targets}])]
    if target is not None and len(targets) > 1:
        asked = [k for k in targets if whole.names[k] == target]
        others = [whole.names[k] for k in targets if k not in asked]
        if asked:
            targets, notes = asked, [*notes, copied(path, others)]
    ids = text_of(cells[place].rename(whole.names[place]), path)
    if place not in possible:
        check_ids(path, ids, whole.names, cells, place)
    answers = cells[targets].set_axis([whole.names[k] for k in targets], axis=1)
    return Sample(
        path,
        whole.names[place],
        tuple(answers.columns),
        ids,
        decimals.with_points(answers, whole.separator),
        id_rule=rule or why,
        id_others=tuple(whole.names[k] for k in possible if k != place and id_column is None),
        notes=tuple(filter(None, notes)),
    )


def targets_of(names: Sequence[str], cells: pd.DataFrame, ids: int) -> list[int]:
    """Return places of the columns to predict, of all columns but that of the ids.

    A column before the ids that counts the rows is an index, if another one is left to predict.
    """
    found = [
        k
        for k in cells
        if k != ids and not is_unnamed(names[k]) and not _is_usage(names[k], cells[k])
    ]
    return [k for k in found if k > ids or not counts(cells[k])] or found


def is_unnamed(name: str) -> bool:
    """Return whether a header has no name, or what pandas writes for none."""
    return not name or name.startswith("Unnamed:")


def counts(values: pd.Series) -> bool:
    """Return whether cells are the numbers of their rows, from 0 or 1."""
    start, end = (values.iloc[place].strip() for place in (0, -1))
    if start not in ("0", "1") or end != str(int(start) + len(values) - 1):
        return False
    try:
        return list(map(int, values.tolist())) == list(range(int(start), int(end) + 1))
    except ValueError:
        return False


def may_be_ids(values: pd.Series) -> bool:
    """Return whether every row has a cell of its own, and no fractions."""
    start = values.iloc[:_PEEK].str.strip()
    if not start.is_unique or (start == "").any():
        return False
    if start.str.fullmatch(r"[-+]?\d*[.,]\d+([eE][-+]?\d+)?").all():
        return False
    stripped = values.str.strip()
    return bool(stripped.is_unique and not (stripped == "").any())


def _parted(cells: pd.DataFrame) -> str:
    """Return a sentence on what may part the cells of a table that has one column."""
    if cells.shape[1] != 1 or not cells[0].str.strip().str.contains(r"\s").any():
        return ""
    return (
        " Put commas or tabs between its cells; blanks part them only if all lines, the header "
        "too, have as many words."
    )


def _check_names(path: Path, names: Sequence[str]) -> None:
    given = [name for name in names if name]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise DataError(
            f"{path.name} has several columns with the name {twice[0]!r}. Give every column a "
            "name of its own."
        )


def with_content(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a cell with text."""
    empty = cells.iloc[:, 0].str.strip() == "" if cells.shape[1] else pd.Series([], dtype=bool)
    if not empty.any():
        return cells
    blank = csv_tables.stripped(cells[empty]).eq("").all(axis=1)
    return cells.drop(index=blank.index[blank]).reset_index(drop=True)


def _place_of_ids(
    path: Path,
    names: Sequence[str],
    cells: pd.DataFrame,
    possible: list[int],
    said: str | None,
    *,
    index: bool,
) -> tuple[int, str]:
    if said is not None:
        if said not in names:
            raise UsageError(
                f"--sample-id {said!r} is not a column of {path.name}; its columns are "
                f"{', '.join(map(repr, names))}."
            )
        return names.index(said), _GIVEN
    if index:
        later = [k for k in possible if k and not is_unnamed(names[k])]
        if later and targets_of(names, cells, later[0]):
            return later[0], _AFTER_INDEX
    if 0 not in possible and len(possible) == 1 and targets_of(names, cells, possible[0]):
        return possible[0], SOLE
    return 0, FIRST


def _is_usage(name: str, values: pd.Series) -> bool:
    return name.lower() == "usage" and set(values.str.strip().str.lower().unique()) <= _USAGE


def copied(path: Path, names: Sequence[str]) -> str:
    """Return a sentence on columns that are not predicted; empty where they have no names."""
    named = [name for name in names if not is_unnamed(name)]
    if not named:
        return ""
    return (
        f"The column(s) {words.some(named)} of {path.name} are not predicted: their cells are "
        "copied into the submission."
    )


def check_ids(path: Path, ids: Text, names: Sequence[str], cells: pd.DataFrame, place: int) -> None:
    """Refuse rows without an id, and ids that several rows have."""
    series = pd.Series(ids, dtype=object)
    if (series == "").any():
        raise DataError(
            f"{path.name} has {int((series == '').sum())} row(s) without an id in its column "
            f"{names[place]!r}. Fill in the ids, or remove these rows, or choose the column of "
            "ids with --sample-id."
        )
    if series.duplicated().any():
        raise _repeated(path, series, names, cells, place)


def _repeated(
    path: Path, ids: pd.Series, names: Sequence[str], cells: pd.DataFrame, place: int
) -> DataError:
    twice = ids[ids.duplicated()].iloc[0]
    told = (
        f"{path.name} has {len(ids)} rows and only {ids.nunique()} different ids; {twice!r} is "
        f"in its column {names[place]!r} more than once"
    )
    same = csv_tables.stripped(cells).duplicated()
    if same.any():
        count = int(same.sum())
        return DataError(
            f"{told}, and {count} row(s) are repeated word for word. Remove the repeated rows."
        )
    apart = [names[k] for k in _telling_apart(cells, place)]
    if apart:
        return DataError(
            f"{told}: {apart[0]!r} tells its rows apart, so an image has several rows, for "
            "objects, pages or classes. Such submissions are not supported; one row must be one "
            "image. Write a sample with one row per image, choose it with --sample, and repeat its "
            "predictions in the rows of the submission; or choose another column of ids with "
            "--sample-id."
        )
    return DataError(
        f"{told}. Every row must be one image, with an id of its own: remove the other rows, or "
        "choose another column of ids with --sample-id."
    )


def _telling_apart(cells: pd.DataFrame, place: int) -> Iterator[int]:
    for other in cells:
        if other != place and not cells.duplicated([place, other]).any():
            yield other
