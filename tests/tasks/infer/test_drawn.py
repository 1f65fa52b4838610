"""Every drawn competition is read without a hint, with its host's metric and without."""

import json

import numpy as np
import pytest
from support.competitions import DRAWN

from kaggle_prz import metrics
from kaggle_prz.tasks import infer

pytestmark = pytest.mark.slow

CELLS = {
    "list": "labels",
    "top-k": "ranked",
    "heads": "label",
    "head-probabilities": "probabilities",
}
KINDS = {"tags": ("labels", "independent"), "numbers": ("number",)}


def _read(drawn, slug, metric):
    return infer.read(drawn(slug).root, slug=slug, metric=metric)


@pytest.mark.parametrize("named", [True, False], ids=["metric", "no metric"])
@pytest.mark.parametrize("slug", DRAWN)
def test_a_competition_is_read_without_a_hint(drawn, slug, named):
    competition = drawn(slug)
    expected = competition.expected
    task = _read(drawn, slug, competition.metric if named else None)
    assert task.cell == CELLS.get(expected["cell"], expected["cell"])
    (kind,) = [k for k, cells in KINDS.items() if task.cell in cells] or ["classes"]
    assert task.kind == ("heads" if expected["heads"] else kind)
    heads = {head.name: head.classes for head in task.heads}
    assert list(heads.items()) == list((expected["heads"] or {}).items())
    assert task.classes == (expected["classes"] or task.target_columns)
    evidence = {each.name: each.value for each in task.evidence}
    assert evidence["group"] == (expected["group"] or "none")
    assert (task.groups is None) == (expected["group"] is None)
    assert len(task.train_ids) == len(task.train_files) == len(task.labels) == expected["train"]
    assert len(task.test_ids) == len(task.test_files) == expected["test"]
    if any(competition.files):
        assert tuple(task.test_files.tolist()) == competition.files
    assert all(each.value and each.rule for each in task.evidence)
    assert not set(task.train_files.tolist()) & set(task.test_files.tolist())


@pytest.mark.parametrize("slug", DRAWN)
def test_labels_have_the_form_of_their_kind(drawn, slug):
    task = _read(drawn, slug, drawn(slug).metric)
    if task.kind == "classes":
        assert task.labels.dtype == np.int64
        assert task.labels.shape == task.train_ids.shape
        assert 0 <= task.labels.min() < task.labels.max() < len(task.classes)
    elif task.kind == "heads":
        assert task.labels.dtype == np.int64
        assert task.labels.shape == (len(task.train_ids), len(task.heads))
        assert task.labels.min(axis=0).tolist() == [0] * len(task.heads)
        assert (task.labels.max(axis=0) + 1).tolist() == list(task.head_sizes)
        assert sum(task.head_sizes) == len(task.classes)
    else:
        assert task.labels.dtype == np.float32
        assert task.labels.shape == (len(task.train_ids), len(task.classes))
    metrics.of(task).check(task.kind, len(task.classes))


def test_files_that_are_named_exist(drawn):
    for slug in ("dogs-vs-cats-redux-kernels-edition", "json-map", "one-hot"):
        task = _read(drawn, slug, None)
        named = [*task.train_files.tolist(), *task.test_files.tolist()]
        assert all((task.root / name).is_file() for name in named)


def test_annotations_are_joined_by_image_id(drawn):
    content = json.loads((drawn("coco").root / "train.json").read_text())
    kinds = {str(note["image_id"]): str(note["category_id"]) for note in content["annotations"]}
    files = {image["file_name"]: str(image["id"]) for image in content["images"]}
    task = _read(drawn, "coco", None)
    told = [task.classes[code] for code in task.labels]
    assert told == [kinds[files[path]] for path in task.train_files.tolist()]


@pytest.mark.parametrize("slug", ["class-folders", "plant-seedlings-classification"])
def test_classes_of_folders_are_those_of_the_path(drawn, slug):
    task = _read(drawn, slug, None)
    told = [task.classes[code] for code in task.labels]
    assert told == [path.split("/")[1] for path in task.train_files.tolist()]


def test_classes_of_file_names(drawn):
    task = _read(drawn, "dogs-vs-cats-redux-kernels-edition", None)
    told = [task.classes[code] for code in task.labels]
    assert told == [path.split("/")[1].split(".")[0] for path in task.train_files.tolist()]


def test_labels_of_lists_are_those_of_the_table(drawn):
    slug = "plant-pathology-2021-fgvc8"
    lines = (drawn(slug).root / "train.csv").read_text().splitlines()[1:]
    task = _read(drawn, slug, None)
    told = [{task.classes[tag] for tag in np.flatnonzero(row)} for row in task.labels]
    assert told == [set(line.split(",")[1].split()) for line in lines]


def test_ranks_are_as_many_as_the_sample_shows(drawn):
    task = _read(drawn, "whale-categorization-playground", None)
    assert (task.most_ranked, task.metric) == (5, "map_at_5")
    assert ("open set", "new_whale") in [(each.name, each.value) for each in task.evidence]
    sizes = np.bincount(task.labels)
    assert np.median(sizes) <= 2


def test_a_grade_that_no_image_has_is_a_class(tmp_path, drawn):
    competition = DRAWN["aptos2019-blindness-detection"](tmp_path / "files", 0)
    table = competition.root / "train.csv"
    lines = [line for line in table.read_text().splitlines() if not line.endswith(",3")]
    table.write_text("\n".join(lines))
    task = infer.read(competition.root, slug="aptos", metric=competition.metric)
    assert task.classes == tuple("01234")
    assert 3 not in task.labels
