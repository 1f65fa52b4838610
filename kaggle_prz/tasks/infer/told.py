"""What was found in a competition's files: what is used, what is left out, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.errors import DataError, printable
from kaggle_prz.core.task import Evidence, Text
from kaggle_prz.readers import decimals
from kaggle_prz.readers.csv_tables import text_of
from kaggle_prz.tasks.infer.encode import lists, marks
from kaggle_prz.tasks.infer.encode.encoded import Encoded
from kaggle_prz.tasks.infer.labels import split
from kaggle_prz.tasks.infer.labels.groups import Group
from kaggle_prz.tasks.infer.labels.targets import Target
from kaggle_prz.tasks.infer.pictures import files, lookup
from kaggle_prz.tasks.infer.pictures.files import Index
from kaggle_prz.tasks.infer.pictures.roles import Role
from kaggle_prz.tasks.infer.scoring import Scored
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

_PASSED_OVER_AT_LEAST = 10
_PASSED_OVER_SHARE = 0.05
_ROWS_A_CLASS, _FEWEST_LABELLED = 2, 10  # rows with a label, where many have none


@dataclass(frozen=True, eq=False)
class Found:
    """Everything that a task is made of."""

    sample: Sample  # the sample submission, a row an image
    sample_rule: str
    index: Index  # the pictures of both roles
    table: LabelTable  # of labels
    chosen: Target  # their column in it
    kept: NDArray[np.int64]  # `(train,)` rows of the table to train on
    train_files: Text  # their pictures
    left_out: tuple[str, ...]  # sentences on the others
    labels: Encoded  # of the kept rows
    scored: Scored  # the metric
    group: Group  # what holds rows together
    test_files: Text  # `(test,)` pictures of the sample's rows
    test_rule: str
    mapped: bool  # a table says which these are


def rows_with_image_and_label(
    table: LabelTable,
    chosen: Target,
    index: files.Index,
    sample: Sample,
    separator: str | None = None,
) -> tuple[NDArray[np.int64], Text, list[str]]:
    """Indexes of the rows to train on, their files, and sentences on what is left out."""
    paths, _ = files.match(table.ids, index.train)
    no_image, no_label = paths == "", chosen.unlabelled()
    asked = _asked_for(table, paths, index, sample)
    unknown = split.placeholders(pd.Series(chosen.values), asked)
    to_predict = asked & (no_image | no_label | unknown)
    lost = ~to_predict
    endless = marks.endless(chosen.values, no_label & ~no_image & lost)
    marked = _marked(table, chosen, sample, ~no_image & ~no_label & lost, separator)
    no_label |= marked.rows
    warnings = [
        *endless,
        *marked.notes,
        *_without_image(table, no_image & lost),
        *_without_label(table, chosen, no_label & lost, ~no_image & ~no_label & lost),
    ]
    if count := int((unknown & ~no_image).sum()):
        warnings.append(
            f"{count} row(s) of {table.path.name} that the sample submission asks for have the "
            f"label {str(chosen.values[unknown][0])!r}; they are not used for training."
        )
    used = sum(len(index.members(path)) for path in set(paths[lost].tolist()))
    unused = sum(len(index.members(path)) for path in index.train.paths) - used
    if index.shared and index.bags is None:
        unused -= len(sample.ids)
    if unused > 0:
        warnings.append(
            f"{unused} image(s) in {index.train.folders()} have no row in {table.path.name} and "
            "are not used."
        )
    warnings += twins(table.ids, paths, index.train)
    kept = np.flatnonzero(~no_image & ~no_label & ~to_predict)
    if not len(kept):
        raise DataError(
            f"No row of {table.path.name} has both an image and a label. Check the names of "
            "the images, or choose other columns with --id-column and --target."
        )
    return kept, paths[kept], warnings


def _marked(
    table: LabelTable,
    chosen: Target,
    sample: Sample,
    trained: NDArray[np.bool_],
    separator: str | None,
) -> marks.Marked:
    """Return rows whose label is a mark such as `NA`; names of folders and files are none."""
    if table.path.is_dir():
        return marks.Marked(np.zeros(len(trained), bool), ())
    if chosen.matrix is not None:
        columns = {str(name): text_of(chosen.matrix[name]) for name in chosen.matrix}
        return marks.rows(columns, sample, trained)
    shown = lists.shown_in(sample) if len(sample.targets) == 1 else ()
    between = words.separator(chosen.values[trained], separator, shown)
    return marks.rows({chosen.column: chosen.values}, sample, trained, between)


def twins(ids: Text, paths: Text, role: Role) -> list[str]:
    """Return a sentence on ids that name several files."""
    plain = [name for name, path in zip(ids.tolist(), paths.tolist(), strict=True) if path]
    several = role.with_twins(plain)
    if not several:
        return []
    return [
        f"{len(several)} id(s) match several files in {role.folders()}; the first file is used: "
        f"{words.some(several)}."
    ]


def _asked_for(
    table: LabelTable, paths: Text, index: files.Index, sample: Sample
) -> NDArray[np.bool_]:
    """Return which rows the sample submission asks for, and those with just a test image."""
    asked: NDArray[np.bool_] = np.isin(table.ids, sample.ids)
    if index.shared:
        predicted = files.match(sample.ids, index.test)[0]
        asked |= np.isin(paths, predicted) & (paths != "")
        return asked
    asked &= paths == ""
    lost = np.flatnonzero(paths == "")
    if len(lost) and not index.test.named:
        asked[lost] |= files.match(table.ids[lost], index.test)[0] != ""
    return asked


def _limit(rows: int) -> int:
    return max(_PASSED_OVER_AT_LEAST, int(_PASSED_OVER_SHARE * rows))


def _without_image(table: LabelTable, lost: NDArray[np.bool_]) -> list[str]:
    count, rows = int(lost.sum()), len(table.ids)
    if not count:
        return []
    named = words.some(table.ids[lost].tolist())
    what = f"row(s) of {table.path.name} have no image file"
    if count > _limit(rows):
        raise DataError(
            f"{count} of {rows} {what}, more than the limit of {_limit(rows)}: {named}. Complete "
            "the files, or remove these rows."
        )
    return [f"{count} {what} and are skipped: {named}."]


def _without_label(
    table: LabelTable, chosen: Target, lost: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> list[str]:
    """Return a sentence on rows without a label; many are refused if too few have one."""
    count, rows = int(lost.sum()), len(table.ids)
    if not count:
        return []
    named = words.some(table.ids[lost].tolist())
    what = f"row(s) of {table.path.name} have no label"
    if count <= _limit(rows):
        return [f"{count} {what} and are skipped: {named}."]
    labelled = int(kept.sum())
    fewest = max(_FEWEST_LABELLED, _ROWS_A_CLASS * _classes(chosen, kept))
    if not labelled and chosen.matrix is not None:
        raise DataError(
            f"No row of {table.path.name} has all the labels of {chosen.column}, and every row "
            "must have them. Fill the blank cells, with a class such as 'none' if that is meant, "
            "or leave columns out of the sample submission."
        )
    if labelled < fewest:
        raise DataError(
            f"{count} of {rows} {what} in {chosen.column}: {named}. The other {labelled} are too "
            f"few: at least {_ROWS_A_CLASS} rows per class, and {_FEWEST_LABELLED} in all, must "
            "have a label. Complete the labels, or choose another column with --target."
        )
    return [
        f"{count} of {rows} {what} in {chosen.column} and are skipped, {labelled} are used. To use "
        "another column of labels, choose it with --target."
    ]


def _classes(chosen: Target, kept: NDArray[np.bool_]) -> int:
    """Return how many classes labels have; one of numbers with fractions."""
    if chosen.matrix is not None:
        return len(chosen.matrix.columns)
    values = chosen.values[kept]
    numbers = pd.to_numeric(pd.Series(values), errors="coerce")
    if (numbers % 1 > 0).any():
        return 1
    return len(words.tokens(set(values.tolist()), words.separator(values)))


def evidence(found: Found) -> tuple[Evidence, ...]:
    """Return every property of a task, its value and the rule that gave it."""
    sample, table, index = found.sample, found.table, found.index
    trained, seen = _counted(found)
    averaged = "; the mean over outputs" if found.labels.heads else ""
    row_each = "; one row per image and output" if sample.melted else ""
    properties = (
        Evidence("sample submission", sample.path.name, found.sample_rule),
        Evidence("row id", sample.id_column or "a column without a name", sample.id_rule),
        Evidence("labels", _place_of(found), _of_labels(found)),
        *_of_others(table),
        Evidence("training images", f"{trained} in {index.train.folders()}", table.rule),
        Evidence("test images", f"{seen} in {index.test.folders()}", found.test_rule),
        *_of_bags(found),
        *([] if index.pictures is None else [Evidence("image format", *index.pictures)]),
        Evidence("cell", found.labels.cell, found.labels.rule + row_each),
        *_of_classes(found.labels),
        Evidence("group", found.group.column or "none", found.group.rule),
        Evidence("metric", found.scored.name, found.scored.rule + averaged),
    )
    return _shown(properties)


def _place_of(found: Found) -> str:
    table = found.table
    joined = f" of {table.source} by {table.key}" if table.key else ""
    return f"{table.path.name}: {found.chosen.column}{joined}"


def _of_others(table: LabelTable) -> list[Evidence]:
    """Return which other tables name training images, and why they are not used."""
    if not table.others:
        return []
    names = words.some([path for path, _ in table.others])
    return [Evidence("not the labels", names, "; ".join(why for _, why in table.others))]


def _of_labels(found: Found) -> str:
    said = {
        decimals.ATTRIBUTE: "; its numbers have decimal commas",
        decimals.THOUSANDS: "; its numbers have commas between thousands",
    }
    column, written = found.chosen.column, found.table.frame.attrs
    notes = (note for key, note in said.items() if column in written.get(key, ()))
    return found.chosen.rule + found.chosen.read + "".join(notes)


def _counted(found: Found) -> tuple[str, str]:
    """Return how many images there are to train on and to predict, and of how many bags."""
    rows = len(found.kept)
    seen = f"{np.count_nonzero(found.test_files != '')} of {len(found.sample.ids)}"
    if found.index.bags is None:
        return str(rows), seen
    trained, tested = (
        sum(len(found.index.members(path)) for path in first.tolist())
        for first in (found.train_files, found.test_files)
    )
    return f"{trained} ({rows} rows)", f"{tested} ({seen} rows)"


def _of_bags(found: Found) -> list[Evidence]:
    """Return how many images rows have, and what becomes of them, where they have several."""
    if found.index.bags is None:
        return []
    files_ = [*found.train_files.tolist(), *found.test_files.tolist()]
    sizes = [len(found.index.members(path)) for path in files_ if path]
    low, high = min(sizes), max(sizes)
    many = str(low) if low == high else f"{low} to {high}"
    return [
        Evidence("images a row", f"{many}; their predictions are averaged", found.index.bags.rule)
    ]


def warnings(found: Found) -> tuple[str, ...]:
    """Return sentences on what is left out, and on what may be meant otherwise."""
    ids, files_ = found.sample.ids, found.test_files
    told = (
        *found.sample.notes,
        *found.left_out,
        *found.table.notes,
        *found.chosen.notes,
        *filter(None, [found.table.doubt, found.chosen.doubt, found.scored.warning]),
        *found.labels.warnings,
        *filter(None, [found.group.doubt, _groups_in_test(found.group)]),
        *_missing_test_images(ids, files_),
        *([] if found.mapped else twins(ids, files_, found.index.test)),
        *_by_order(found.table, found.test_rule, found.index),
    )
    return tuple(printable(sentence) for sentence in told)


def _groups_in_test(group: Group) -> str:
    """Return a sentence on groups that are in both roles."""
    both = group.in_test
    if not both:
        return ""
    return (
        f"{len(both)} value(s) of {group.column} are in both the training set and the test set "
        f"({words.some(both)}), so the test score may be better than the out-of-fold score."
    )


def _missing_test_images(ids: Text, test_files: Text) -> list[str]:
    """Return a sentence on rows to predict that have no picture."""
    lost = ids[test_files == ""]
    if not len(lost):
        return []
    named = words.some(lost.tolist())
    return [f"{len(lost)} test row(s) have no image; predicting the class prior for them: {named}."]


def _by_order(table: LabelTable, test_rule: str, index: files.Index) -> list[str]:
    """Return rows of stacks that no id joins with their labels, or with the sample."""
    of_labels = [table.path.name] if index.by_row and table.by_order else []
    names = [*of_labels, *(["the sample submission"] if test_rule == lookup.IN_ORDER else [])]
    return [
        f"Rows of {name} are matched with arrays by their order, because they have no ids."
        for name in names
    ]


def _of_classes(read_labels: Encoded) -> list[Evidence]:
    """Evidence of the classes, of the positive one of two, and of one for the unknown."""
    names, heads = read_labels.classes, read_labels.heads
    if heads:
        sized = [f"{head.name} ({len(head.classes)})" for head in heads]
        weighed = "".join(f", {h.name} has weight {h.weight:g}" for h in heads if h.weight != 1)
        return [Evidence("outputs", _listed(sized), f"{len(heads)} labels per row{weighed}")]
    noun = read_labels.kind if len(names) > 1 else read_labels.target.noun
    evidence = [Evidence("classes", _listed(names), f"{len(names)} {noun}")]
    if read_labels.cell == "probability":
        evidence.append(Evidence("positive class", names[1], read_labels.positive_rule))
    new = [name for name in names if name.lower().startswith("new_")]
    if read_labels.target.one_class and len(new) == 1:
        evidence.append(Evidence("open set", new[0], "a class named new_…"))
    return evidence


def _shown(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence whose names of files, columns and classes may be shown on a terminal."""
    return tuple(Evidence(one.name, printable(one.value), printable(one.rule)) for one in evidence)


def _listed(classes: Sequence[str]) -> str:
    return ", ".join(classes[:6]) + (f" … ({len(classes)})" if len(classes) > 6 else "")
