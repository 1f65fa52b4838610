"""A competition's directory -> Task: which files say what, and by which rule."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console
from kaggle_prz.core.task import Images, Task
from kaggle_prz.readers import archives, formats
from kaggle_prz.tasks.infer import hints, keys, labels, scoring, tables, told
from kaggle_prz.tasks.infer.encode import cells, encoded, gaps, multi_output, other_tasks, wide
from kaggle_prz.tasks.infer.labels import groups, long_format, renamed, targets
from kaggle_prz.tasks.infer.pictures import (
    bags,
    channels,
    files,
    lookup,
    pixel_rows,
    reading,
    recorded,
)
from kaggle_prz.tasks.infer.pictures.scan import Scan, scan
from kaggle_prz.tasks.infer.tables import row_ids
from kaggle_prz.tasks.infer.told import Found
from kaggle_prz.tasks.overrides import Overrides

_FEW_IMAGES = 10  # a logo and a plot beside arrays or tables of pixels
_MOST_UNPACKED = 500_000_000_000


def read(
    root: Path,
    *,
    slug: str,
    flips: Sequence[str] | None = None,
    host_metric: str | None = None,
    console: Console | None = None,
    limit_bytes: int = _MOST_UNPACKED,
    **overrides: object,
) -> Task:
    """Infer the task of a competition from its files, with the evidence of every choice.

    Archives are unpacked into the tool's home first; `Task.root` is where all files lie. A
    `competition.toml` in the directory may say what `overrides` say, which win. Without a metric
    from either, what the host calls its own serves, or the default where it is unknown.
    """
    options = Overrides.parse(overrides)
    said = hints.read(root, options)
    of_file = {key: value for key, value in said.given.items() if key not in options.given}
    with keys.named(of_file):
        metric_said = scoring.said(said.metric, host_metric)
        cache = filesystem.home() / "files" / slug
        root = archives.unpacked(root, cache, console, limit_bytes=limit_bytes)
        task = _task(root, slug, said, said.flips if flips is None else flips, metric_said)
        return keys.in_evidence(task, of_file)


def _task(
    root: Path,
    slug: str,
    said: hints.Hints,
    flips: Sequence[str] | None,
    metric_said: scoring.Said,
) -> Task:
    found = _found(root, said, metric_said)
    sample, table = found.sample, found.table
    first = _images(found)
    read_as = reading.settle(root, found.index, first, said)
    bagged = found.index.bags is not None or read_as.images is not first
    return Task(
        slug=slug,
        root=root,
        sample=sample.path,
        id_column=sample.id_column,
        target_columns=sample.targets,
        cell=found.labels.cell,
        classes=found.labels.classes,
        metric=found.scored.name,
        train_ids=table.ids[found.kept],
        train_files=found.train_files,
        labels=found.labels.labels,
        groups=None if found.group.column is None else table.column(found.group.column)[found.kept],
        test_ids=sample.ids,
        test_files=found.test_files,
        kind=found.labels.kind,
        most_ranked=found.labels.most_ranked,
        between=found.labels.between,
        confident=found.labels.confident,
        melted=bool(sample.melted),
        bags=read_as.images if bagged else None,
        heads=found.labels.heads,
        channels=read_as.channels,
        pixel_range=read_as.span,
        largest_pixels=said.largest_pixels,
        flips=("horizontal",) if flips is None else tuple(flips),
        groups_in_test=found.group.in_test,
        evidence=(*told.evidence(found), *read_as.evidence),
        warnings=(*told.warnings(found), *read_as.warnings),
    )


def _images(found: Found) -> Images:
    """Return all the images of rows whose first ones were found."""
    if found.index.bags is None:
        rows = (np.arange(len(found.train_files)), np.arange(len(found.test_files)))
        return Images(found.train_files, rows[0], found.test_files, rows[1])
    files_and_rows = []
    for first in (found.train_files, found.test_files):
        members = [found.index.members(path) for path in first.tolist()]
        files_and_rows.append(np.array([path for group in members for path in group], dtype=str))
        files_and_rows.append(np.repeat(np.arange(len(first)), [len(group) for group in members]))
    return Images(*files_and_rows)


def _found(root: Path, said: hints.Hints, metric_said: scoring.Said) -> Found:
    sample, sample_rule = tables.find_sample(root, said)
    if said.separator is None and (other := other_tasks.of_sample(sample)) is not None:
        raise other_tasks.refusal(other, sample.path.name)
    metric_said = scoring.numbered(metric_said, sample)
    index, sample, table = _pictures(root, sample, said, metric_said.metric)
    of_test = lookup.tables_of_test(root, sample, index, table.path)
    features = frozenset(of_test.columns)
    chosen = targets.choose(sample, table, said.target, features, said.separator)
    other = other_tasks.of_matches(sample, table.ids, chosen.values)
    if other is not None and said.target is None:
        raise other_tasks.refusal(other, sample.path.name)
    chosen = renamed.as_in_sample(root, index.tables, sample, chosen)
    kept, train_files, left_out = told.rows_with_image_and_label(
        table, chosen, index, sample, said.separator
    )
    read_labels = multi_output.weighted(
        _encoded(sample, chosen, kept, metric_said.metric, said), said.head_weights or {}
    )
    table = groups.with_columns_beside(root, index.tables, table, said.group)
    group = groups.choose(
        table,
        kept,
        read_labels.indicators,
        chosen.columns,
        said.group,
        in_test=of_test.columns,
    )
    test_files, test_rule = lookup.find(sample, index, of_test, set(train_files.tolist()))
    return Found(
        sample=sample,
        sample_rule=sample_rule,
        index=index,
        table=table,
        chosen=chosen,
        kept=kept,
        train_files=train_files,
        left_out=tuple(left_out),
        labels=read_labels,
        scored=scoring.settle(metric_said, read_labels),
        group=group,
        test_files=test_files,
        test_rule=test_rule,
        mapped=bool(of_test.mapped),
    )


def _pictures(
    root: Path, sample: tables.Sample, said: hints.Hints, metric: scoring.Metric | None
) -> tuple[files.Index, tables.Sample, tables.LabelTable]:
    """Return pictures of both roles, the sample with a row an image, and the table of labels."""
    seen = scan(root)
    form = sample.path.relative_to(root).as_posix()
    seen.tables = [path for path in seen.tables if path != form]
    paths = (path for (_, role), found in seen.files.items() if role != "train" for path in found)
    sample = row_ids.settled(root, sample, paths, seen.tables, said)
    if _count(seen, "images") <= _FEW_IMAGES:
        if (stacks := pixel_rows.stacks(root, seen)) is not None:
            own = pixel_rows.labels(root, seen, stacks)
            return stacks, sample, labels.find(root, sample, stacks, said, own, metric=metric)
        if (found := pixel_rows.sheets(root, seen, sample.ids, said.labels)) is not None:
            return found[0], sample, labels.of_sheet(root, found[1], said)
    few = _count(seen, *formats.kinds()) <= _FEW_IMAGES or files.of_scan(seen) is None
    if few and (many := recorded.find(root, seen, sample, said)) is not None:
        index, own = many
        sample = long_format.widened(sample, index.test)
        return index, sample, labels.find(root, sample, index, said, own, metric=metric)
    index = channels.joined(files.index(root, seen, sample.ids), sample.ids)
    beside = tuple(path for path in index.tables if path != form)
    index = replace(index, tables=beside, described=tuple(seen.described))
    sample = long_format.widened(sample, index.test, [root / path for path in beside])
    if bags.may_be(sample, index) and not lookup.tables_of_test(root, sample, index).mapped:
        index = bags.gathered(root, sample, index)
    return index, sample, labels.find(root, sample, index, said, metric=metric)


def _count(seen: Scan, *kinds: str) -> int:
    return sum(len(paths) for (kind, _), paths in seen.files.items() if kind in kinds)


def _encoded(
    sample: tables.Sample,
    chosen: targets.Target,
    kept: np.ndarray,
    metric: scoring.Metric | None,
    said: hints.Hints,
) -> encoded.Encoded:
    sure = said.target is not None or said.labels is not None
    if len(sample.targets) == 1 and chosen.matrix is None:
        return cells.encode(
            sample,
            chosen.values[kept],
            metric,
            column=chosen.column,
            positive=said.positive,
            separator=said.separator,
            sure=sure,
        )
    if said.positive is not None:
        raise wide.no_positive()
    if chosen.matrix is None and sample.melted:
        raise long_format.no_heads(sample)
    if chosen.matrix is None:
        return wide.encode_names(sample, chosen.values[kept], said.separator)
    matrix = chosen.matrix.iloc[kept]
    if len(sample.targets) == 1:
        return wide.encode_hot(sample, matrix, said.separator)
    wide.refuse_points(sample, matrix)
    heads = None if gaps.are_in(matrix) else multi_output.encode(sample, matrix, metric, sure=sure)
    return heads or wide.encode_columns(sample, matrix)
