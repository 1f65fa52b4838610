import dataclasses
import os

import numpy as np
import pytest
from support.synthetic import make_run
from support.toys import make_bags, make_heads, make_task

from kaggle_prz import runs
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.identity import Identity
from kaggle_prz.core.task import Evidence
from kaggle_prz.schedule.recipe import Recipe

TASK = make_task([0, 1, 2, 0, 1, 2])
RECIPE = Recipe(backbone="tiny", sizes=(32, 48), folds=2)
MINE = Identity("layers", "weights", (1.0, 2.0))
OTHER = Identity("layers", "others", MINE.outputs)


def _begin(path, **changes) -> None:
    given = {"competition": "toys", "recipe": RECIPE, "task": TASK, "identity": MINE} | changes
    runs.begin(path, **given)


def test_the_same_recipe_on_the_same_files_is_the_same_run(tmp_path):
    _begin(tmp_path / "run")
    before = (tmp_path / "run" / "recipe.json").read_bytes()
    _begin(tmp_path / "run")
    assert (tmp_path / "run" / "recipe.json").read_bytes() == before


def test_another_recipe_is_refused_with_what_differs(tmp_path):
    _begin(tmp_path / "run")
    other = RECIPE.model_copy(update={"folds": 3, "sizes": (32, 64)})
    with pytest.raises(RunError) as caught:
        _begin(tmp_path / "run", recipe=other)
    message = str(caught.value)
    assert "sizes [32, 48] there, [32, 64] here, folds 2 there, 3 here" in message
    assert "--run NAME" in message


def test_a_recipe_that_lost_its_content_is_told_as_damage(tmp_path):
    _begin(tmp_path / "run")
    (tmp_path / "run" / "recipe.json").write_text("{}")
    with pytest.raises(RunError, match=r"recipe\.json lacks 'competition'.*Remove that file"):
        _begin(tmp_path / "run")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"task": make_task([0, 1, 2, 0, 1, 1])}, "files"),
        ({"task": make_task([0, 1, 2, 0, 1, 2], test_ids=["t9"])}, "files"),
    ],
)
def test_other_files_are_refused(tmp_path, changes, what):
    _begin(tmp_path / "run")
    with pytest.raises(RunError, match=f"whose {what} changed since it started.*--run NAME"):
        _begin(tmp_path / "run", **changes)


CHANGES = {
    "train_ids": np.array([f"s{row}" for row in range(6)]),
    "train_files": np.array([f"x{row}.png" for row in range(6)]),
    "labels": np.array([1, 1, 2, 0, 1, 2]),
    "groups": np.array(list("aabbcc")),
    "test_ids": np.array(["t9"]),
    "test_files": np.array(["t9.png"]),
    "classes": ("c0", "c1", "other"),
    "target_columns": ("c0", "c2", "c1"),
    "cell": "label",
    "metric": "accuracy",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_fingerprint_tells_tasks_apart(name):
    assert runs.fingerprint(dataclasses.replace(TASK, **{name: CHANGES[name]})) != (
        runs.fingerprint(TASK)
    )


def test_a_fingerprint_is_not_that_of_where_the_files_are(tmp_path):
    moved = dataclasses.replace(TASK, root=tmp_path, warnings=("moved",))
    assert runs.fingerprint(moved) == runs.fingerprint(TASK)


def test_the_default_name_is_made_from_recipe_files_and_backbone(tmp_path):
    def name(recipe=RECIPE, task=TASK, identity=MINE):
        return runs.directory(tmp_path, None, recipe, task, identity).name

    assert name() == name()
    assert name().startswith("tiny-32-48-")
    others = [
        name(recipe=RECIPE.model_copy(update={"seed": 1})),
        name(task=make_task([0, 1, 2, 0, 1, 1])),
        name(identity=OTHER),
        name(identity=None),
    ]
    assert len({name(), *others}) == 5


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("hub:vit_base", "hub-vit_base-32-48-"),
        ("hub:hf://timm/resnet18.a1_in1k", "resnet18.a1_in1k-32-48-"),
        ("hub:/somewhere/my vit/", "my-vit-32-48-"),
    ],
)
def test_a_default_name_is_one_directory(tmp_path, backbone, name):
    recipe = RECIPE.model_copy(update={"backbone": backbone})
    path = runs.directory(tmp_path, None, recipe, TASK, None)
    assert path.parent == tmp_path
    assert path.name.startswith(name)


@pytest.mark.parametrize("groups", [None, list("aabbcc")])
def test_a_task_is_read_back_as_it_was(tmp_path, groups):
    task = make_task(
        [0, 1, 2, 0, 1, 2],
        groups=groups,
        classes=("é", "a,b", '"'),
        evidence=(Evidence("cell", "probabilities", "one column per class"),),
        warnings=("1 row is passed over",),
    )
    _begin(tmp_path / "run", task=task)
    runs.write_task(tmp_path / "run", task)
    run = runs.load_run(str(tmp_path / "run"))
    assert (run.recipe, run.name, run.competition) == (RECIPE, "run", "toys")
    for field in dataclasses.fields(task):
        then, now = getattr(task, field.name), getattr(run.task, field.name)
        assert type(now) is type(then) or then is None
        assert np.array_equal(now, then) if isinstance(then, np.ndarray) else now == then
    assert runs.fingerprint(run.task) == runs.fingerprint(task)


def test_bags_are_read_back_and_part_of_the_fingerprint(tmp_path):
    task = make_bags([0, 1, 2], sizes=[2, 1, 3], test_sizes=[0, 2])
    _begin(tmp_path / "run", task=task)
    runs.write_task(tmp_path / "run", task)
    bags = runs.load_run(tmp_path / "run").task.bags
    for field in dataclasses.fields(task.bags):
        then = getattr(task.bags, field.name)
        assert np.array_equal(getattr(bags, field.name), then)
        assert getattr(bags, field.name).dtype == then.dtype
    other = make_bags([0, 1, 2], sizes=[2, 1, 3], test_sizes=[0, 3])
    alone = dataclasses.replace(task, bags=None)
    assert len({runs.fingerprint(each) for each in (task, other, alone)}) == 3


def test_heads_are_read_back_and_told_apart(tmp_path):
    task = make_heads([[0, 2], [1, 0]])
    _begin(tmp_path / "run", task=task)
    runs.write_task(tmp_path / "run", task)
    again = runs.load_run(tmp_path / "run").task
    assert (again.heads, again.kind, again.head_sizes) == (task.heads, "heads", (2, 3))
    assert runs.fingerprint(again) == runs.fingerprint(task)
    weighted = (dataclasses.replace(task.heads[0], weight=2.0), task.heads[1])
    other = dataclasses.replace(task, heads=weighted)
    assert runs.fingerprint(other) != runs.fingerprint(task)


def test_a_run_that_knows_of_no_heads_goes_on(tmp_path):
    assert runs.fingerprint(TASK) == "abceb8c85b186b27"  # as version 0.1.0 had it
    _begin(tmp_path / "run")
    runs.write_task(tmp_path / "run", TASK)
    facts = filesystem.read_json(tmp_path / "run" / "task.json")
    del facts["heads"]
    filesystem.write_json(tmp_path / "run" / "task.json", facts)
    assert runs.load_run(tmp_path / "run").task.heads == ()


def test_a_run_reads_its_own_files(tmp_path):
    run = runs.load_run(make_run(tmp_path / "runs" / "toys" / "first").path)
    assert [stage.name for stage in run.stages] == ["stage1-32", "stage2-48"]
    assert run.stages[1].epochs == 3.0
    assert run.score == run.blend.score
    assert run.submission.is_file()
    assert run.report == run.path / "report.html"
    assert run.receipt.rank == 3
    assert run.oof.shape == (36, 3)
    assert run.oof.index.name == "id"
    assert run.is_sealed(run.stages[0])
    (run.directory(run.stages[0], 2) / "oof.npz").unlink()
    assert not run.is_sealed(run.stages[0])


def test_a_run_without_a_receipt_has_none(tmp_path):
    assert make_run(tmp_path / "runs" / "toys" / "first", receipt=False).receipt is None


@pytest.mark.parametrize("name", ["recipe.json", "task.json", "task.npz"])
def test_a_directory_that_holds_no_run(tmp_path, name):
    _begin(tmp_path / "run")
    runs.write_task(tmp_path / "run", TASK)
    (tmp_path / "run" / name).unlink()
    with pytest.raises(RunError, match=f"{name} is missing: the directory has no run"):
        runs.load_run(tmp_path / "run")


def test_a_run_that_has_not_come_that_far_says_so(tmp_path):
    _begin(tmp_path / "run")
    runs.write_task(tmp_path / "run", TASK)
    run = runs.load_run(tmp_path / "run")
    for part in ("stages", "blend", "score", "oof"):
        with pytest.raises(RunError, match="is missing"):
            getattr(run, part)


def test_runs_are_listed_oldest_first(tmp_path):
    for age, place in enumerate(["b/new", "a/old", "a/middle"]):
        filesystem.write_json(tmp_path / place / "recipe.json", {})
        moment = 2_000_000_000 - [0, 20, 10][age]
        os.utime(tmp_path / place / "recipe.json", (moment, moment))
    (tmp_path / "a" / "no_run").mkdir()
    listed = [path.relative_to(tmp_path).as_posix() for path in runs.all_runs(tmp_path)]
    assert listed == ["a/old", "a/middle", "b/new"]
    assert list(runs.all_runs(tmp_path / "nowhere")) == []


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(
        RunError, match=r"^There is no directory .*typo\. The command kaggle-prz runs"
    ):
        runs.load_run(tmp_path / "typo")


def test_a_weights_file_is_known_by_its_content(tmp_path):
    def begin(name: str) -> None:
        recipe = RECIPE.model_copy(update={"weights": str(tmp_path / name)})
        runs.begin(tmp_path / "run", "toys", recipe, TASK, MINE)

    (tmp_path / "a.h5").write_bytes(b"weights")
    begin("a.h5")
    (tmp_path / "a.h5").rename(tmp_path / "b.h5")
    begin("b.h5")
    with pytest.raises(RunError, match=r"started from .*a\.h5, which is not there. Put it back"):
        begin("a.h5")
    (tmp_path / "a.h5").write_bytes(b"others")
    with pytest.raises(RunError, match="weights file changed"):
        begin("a.h5")
