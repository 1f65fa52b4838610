"""Tables with several rows of an image: rows that agree count once, those of annotators vote."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.metrics import Metric
from kaggle_prz.readers import csv_tables
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

_PEOPLE = (
    "annotat", "reader", "rater", "expert", "doctor", "grader", "radiolog", "patholog",
    "dermatol", "physician", "clinician", "examiner", "observer", "reviewer", "labeler",
    "labeller", "worker", "coder", "judge", "scorer", "voter", "volunteer", "participant", "user",
)  # fmt: skip
_MOST_VARYING = 0.05  # of images, in a column that is kept


@dataclass(frozen=True)
class Votes:
    """Rows with each key once, and what was made of those that had several."""

    frame: pd.DataFrame
    rule: str = ""  # a phrase, empty where no key had several rows
    note: str = ""  # a sentence where labels differed, else empty


def once(
    frame: pd.DataFrame, keys: list[str], labels: Sequence[str], *, name: str, numbers: bool
) -> Votes:
    """Return a table with every value of `keys` once.

    Args:
        frame: text.
        keys: columns that name the image, or the image and the output.
        labels: columns of labels.
        name: of the file, for people.
        numbers: whether labels are quantities, which have a mean.

    Raises:
        DataError: labels of one key differ, and no column says who gave them.
    """
    given = csv_tables.stripped(frame).drop_duplicates().reset_index(drop=True)
    key = given[keys].agg("_".join, axis=1) if len(keys) > 1 else given[keys[0]]
    if not key.duplicated().any():
        lost = len(frame) - len(given)
        return Votes(given, f"{lost} repeated row(s) left out" if lost else "")
    given[list(labels)] = given[list(labels)].mask(given[list(labels)] == "")
    counts = given[list(labels)].groupby(key, sort=False).nunique()
    differing = counts.index[(counts > 1).any(axis=1)]
    people = [
        str(column)
        for column in given.columns
        if column not in {*keys, *labels} and is_of_people(str(column))
    ]
    if len(differing) and not people:
        raise _differ(given[key == differing[0]], str(differing[0]), list(labels), name)
    kept = _first_rows(given, key, labels)
    rule = f"{len(frame) - len(kept)} of {len(frame)} rows repeat the image of another"
    if not len(differing):
        return Votes(kept.reset_index(drop=True).fillna(""), f"{rule}, with its label")
    ties = 0
    one_hot = not numbers and _are_one_hot(given[list(labels)])
    for each, rows in given[list(labels)].groupby(key[key.isin(differing)], sort=False):
        kept.loc[each, list(labels)], tied = _voted(rows, numbers=numbers, one_hot=one_hot)
        ties += tied
    how = "the mean" if numbers else "the majority"
    tied_too = f"; of {ties} tie(s) the first label in sorted order" if ties else ""
    note = (
        f"{len(differing)} of {len(kept)} images in {name} have different labels by {people[0]}; "
        f"{how} is used{tied_too}. To use others, leave one row per image."
    )
    return Votes(kept.reset_index(drop=True).fillna(""), f"{rule}; {how} counts", note)


def is_of_people(column: str) -> bool:
    """Return whether a column is named like one that says who gave a label."""
    return any(part.startswith(_PEOPLE) for part in words.parts(column))


def resolved(
    table: LabelTable, sample: Sample, labels: Sequence[str], metric: Metric | None = None
) -> LabelTable:
    """Return the table with every image once, see `once`, less rows that name none."""
    named = table.ids != ""
    if not named.all():
        count = int((~named).sum())
        table = replace(
            table,
            ids=table.ids[named],
            frame=table.frame[named].reset_index(drop=True),
            notes=(
                *table.notes,
                f"{count} row(s) of {table.path.name} name no image and are skipped.",
            ),
        )
    if not pd.Series(table.ids).duplicated().any():
        return table
    found = once(
        table.frame,
        [table.id_column],
        labels,
        name=table.path.name,
        numbers=are_quantities(table.frame, sample, labels, metric),
    )
    ids = csv_tables.text_of(found.frame[table.id_column], table.path)
    rule = "; ".join(filter(None, [table.rule, found.rule]))
    notes = (*table.notes, *filter(None, [found.note]))
    return replace(table, ids=ids, frame=found.frame, rule=rule, notes=notes)


def are_quantities(
    frame: pd.DataFrame, sample: Sample, labels: Sequence[str], metric: Metric | None
) -> bool:
    """Return whether labels are numbers that have a mean: fractions, or a sample that has such."""
    cells = pd.Series(frame[list(labels)].to_numpy().ravel(), dtype=object).str.strip()
    found = pd.to_numeric(cells[cells != ""], errors="coerce")
    if not len(found) or found.isna().any():
        return False
    if metric is not None:
        return metric.wants == "values"
    shown = sample.numbers()
    return bool((found % 1 != 0).any()) or bool(
        sample.fractional() and ((shown > 1) | (shown < 0)).any()
    )


def _first_rows(given: pd.DataFrame, key: pd.Series, labels: Sequence[str]) -> pd.DataFrame:
    """Return the first row of every key, by it, less columns that often differ within keys."""
    grouped = given.groupby(key.to_numpy(), sort=False)
    varying = (grouped.nunique() > 1).mean()
    lost = [name for name in given.columns if varying[name] > _MOST_VARYING and name not in labels]
    return grouped.first().drop(columns=lost)


def _voted(rows: pd.DataFrame, *, numbers: bool, one_hot: bool) -> tuple[list[str], bool]:
    """Return the labels of one image by its rows, and whether there was a tie."""
    if numbers:
        return [f"{pd.to_numeric(rows[name]).mean():.10g}" for name in rows], False
    if one_hot:
        votes = rows.apply(pd.to_numeric).sum()
        first = votes.idxmax()
        return [str(int(name == first)) for name in rows], int((votes == votes.max()).sum()) > 1
    most = [_most(rows[name]) for name in rows]
    return [values[0] for values in most], any(len(values) > 1 for values in most)


def _most(values: pd.Series) -> list[str]:
    """Return the most frequent values in sorted order."""
    counts = values.value_counts()
    return words.in_order(counts.index[counts == counts.max()]) or [""]


def _are_one_hot(labels: pd.DataFrame) -> bool:
    if labels.shape[1] < 2 or not labels.dropna().isin(["0", "1"]).to_numpy().all():
        return False
    return bool((labels.dropna().apply(pd.to_numeric).sum(axis=1) == 1).all())


def _differ(rows: pd.DataFrame, key: str, labels: list[str], name: str) -> DataError:
    column = next(column for column in labels if rows[column].nunique() > 1)
    first, second = rows[column].dropna().unique()[:2]
    return DataError(
        f"{name} has several rows with the id {key!r} that differ: {column} is {first!r} and "
        f"{second!r}. Keep one row per image. If several people labelled the images, name them "
        "in a column 'annotator'; the majority counts then."
    )
