"""A competition's directory -> Task: which files say what, and by which rule.

So far: labels in a CSV, images in folders, class probabilities or one label to predict. Another
layout is another reader beside `files`, `tables` and `targets`; `read` joins what they find.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kaggle_prz import metrics
from kaggle_prz.errors import DataError
from kaggle_prz.layouts import files, groups, tables, targets
from kaggle_prz.task import Evidence, Task, Text

_PASSED_OVER_AT_LEAST = 10
_PASSED_OVER_SHARE = 0.05
_DEFAULT_METRIC = {"probabilities": "log_loss", "probability": "roc_auc", "label": "accuracy"}


def read(
    root: Path,
    *,
    slug: str,
    metric: str | None = None,
    target: str | None = None,
    group: str | None = None,
    flips: Sequence[str] | None = None,
) -> Task:
    """Infer the task of a competition from its files.

    Args:
        root: directory with a sample submission, a CSV of labels, and image folders.
        slug: the competition's name.
        metric: name of its metric; default: what suits the cells of the submission.
        target: column of labels, where the rules would choose another.
        group: column whose values never part between folds; `"none"` for no groups.
        flips: flips that leave a label what it is; default: horizontal.

    Returns:
        The task, with the evidence of every choice.

    Raises:
        DataError: the files contradict each other or do not say what is needed.
        UsageError: an unknown metric.

    Example:
        >>> read(Path("shapes"), slug="shapes").cell  # doctest: +SKIP
        'probabilities'
    """
    sample, sample_rule = tables.find_sample(root)
    index = files.index(root)
    labels = tables.find_labels(root, sample, index.train)
    chosen = targets.choose(sample, labels, target)
    kept, train_files, warnings = _rows_with_image_and_label(labels, chosen, index)
    labels_wanted = metric is not None and metrics.get(metric).wants == "labels"
    classes, codes, cell, cell_rule = targets.encode(
        sample, chosen.values[kept], labels_wanted=labels_wanted
    )
    group_column, group_rule = groups.choose(labels, kept, codes, chosen.column, group)
    test_files, test_rule = files.match(sample.ids, index.test)
    name = metrics.get(metric or _DEFAULT_METRIC[cell]).name
    evidence = (
        Evidence("sample submission", sample.path.name, sample_rule),
        Evidence("row id", sample.id_column, "first column of the sample submission"),
        Evidence("labels", f"{labels.path.name}: {chosen.column}", chosen.rule),
        Evidence("training images", f"{len(kept)} in {index.folders('train')}", labels.rule),
        Evidence(
            "test images",
            f"{np.count_nonzero(test_files != '')} of {len(sample.ids)} in {index.folders('test')}",
            test_rule,
        ),
        Evidence("cell", cell, cell_rule),
        Evidence("classes", _listed(classes), f"{len(classes)} classes"),
        Evidence("group", group_column or "none", group_rule),
        Evidence("metric", name, "given" if metric else f"default for {cell}"),
    )
    return Task(
        slug=slug,
        root=root,
        sample=sample.path,
        id_column=sample.id_column,
        target_columns=sample.targets,
        cell=cell,
        classes=classes,
        metric=name,
        train_ids=labels.ids[kept],
        train_files=train_files,
        labels=codes,
        groups=None if group_column is None else labels.column(group_column)[kept],
        test_ids=sample.ids,
        test_files=test_files,
        flips=("horizontal",) if flips is None else tuple(flips),
        evidence=evidence,
        warnings=(*warnings, *_missing_test_images(sample.ids, test_files)),
    )


def _rows_with_image_and_label(
    labels: tables.LabelTable, chosen: targets.Target, index: files.Index
) -> tuple[np.ndarray, Text, list[str]]:
    paths, _ = files.match(labels.ids, index.train)
    no_image, no_label = paths == "", chosen.values == ""
    warnings = [
        *_passed_over(labels.ids, no_image, f"row(s) of {labels.path.name} have no image file"),
        *_passed_over(labels.ids, no_label, f"row(s) of {labels.path.name} have no label"),
    ]
    unused = index.count("train") - len(set(paths[~no_image]))
    if unused:
        warnings.append(
            f"{unused} image(s) in {index.folders('train')} have no row in "
            f"{labels.path.name} and are not used."
        )
    kept = np.flatnonzero(~no_image & ~no_label)
    return kept, paths[kept], warnings


def _passed_over(ids: Text, lost: np.ndarray, what: str) -> list[str]:
    count = int(lost.sum())
    if not count:
        return []
    named = ", ".join(ids[lost][:5].tolist()) + (" …" if count > 5 else "")
    limit = max(_PASSED_OVER_AT_LEAST, int(_PASSED_OVER_SHARE * len(ids)))
    if count > limit:
        raise DataError(
            f"{count} of {len(ids)} {what}, more than the {limit} that are passed over: {named}. "
            "Complete the files, or remove these rows."
        )
    return [f"{count} {what} and are passed over: {named}."]


def _missing_test_images(ids: Text, test_files: Text) -> list[str]:
    lost = ids[test_files == ""]
    if not len(lost):
        return []
    named = ", ".join(lost[:5].tolist()) + (" …" if len(lost) > 5 else "")
    return [f"{len(lost)} test row(s) have no image file and get the classes' shares: {named}."]


def _listed(classes: Sequence[str]) -> str:
    return ", ".join(classes[:6]) + (f" … ({len(classes)})" if len(classes) > 6 else "")
