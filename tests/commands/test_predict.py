"""A finished run predicts test images that it never saw, in the form that they are asked for."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import toy_nets
from support.runs_of_kinds import make_run_of
from support.toy_nets import plain_net
from support.toys import Recorder

import kaggle_prz as prz
from kaggle_prz import runs
from kaggle_prz.commands import predict
from kaggle_prz.competitions.embedded import grader
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core.errors import DataError, RunError, UsageError
from kaggle_prz.tasks.overrides import Overrides

DRAWN_SHAPES = Shapes(seed=3, train=48, test=12)
QUICK = {"backbone": "tiny", "sizes": (16, 24), "folds": 2, "epochs": 3, "batch_size": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "drawn"
    DRAWN_SHAPES.materialise(path)
    return path


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory) -> prz.Run:
    """A finished run on shapes; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAGGLE_PRZ_HOME", str(tmp_path_factory.mktemp("home")))
        return prz.fit(str(folder), output_dir=tmp_path_factory.mktemp("runs"), **QUICK)


def with_test_rows(folder: Path, to: Path, ids: list[str]) -> Path:
    """The competition with these test images only, as a rerun has others than its page."""
    shutil.copytree(folder, to)
    sample = pd.read_csv(to / "sample_submission.csv", dtype=str)
    listed = pd.read_csv(to / "test.csv", dtype=str)
    sample[sample.id.isin(ids)].to_csv(to / "sample_submission.csv", index=False)
    listed[listed.id.isin(ids)].to_csv(to / "test.csv", index=False)
    for image in (to / "test").iterdir():
        if image.stem not in ids:
            image.unlink()
    return to


@pytest.mark.keras
def test_the_same_files_give_the_submission_of_the_run(run, tmp_path):
    written = prz.predict(run.path, output=tmp_path / "again.csv")
    ours, theirs = (pd.read_csv(each, index_col=0) for each in (written, run.submission))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-5)


@pytest.mark.keras
@pytest.mark.parametrize("count", [1, 3])
def test_few_test_images_are_predicted_as_among_many(run, folder, tmp_path, count):
    whole = pd.read_csv(run.submission, index_col=0)
    ids = whole.index[:count].tolist()
    public = with_test_rows(folder, tmp_path / "public", ids)
    written = prz.predict(run, competition=str(public), output=tmp_path / "few.csv")
    few = pd.read_csv(written, index_col=0)
    assert few.index.tolist() == ids
    pd.testing.assert_frame_equal(few, whole.loc[ids], atol=1e-5)


@pytest.mark.keras
def test_images_that_the_run_never_saw_are_graded_well(run, folder, tmp_path):
    """The hidden test set of a code competition: other images, more of them, unknown ids."""
    hidden = Shapes(seed=4, train=48, test=40)
    hidden.materialise(tmp_path / "hidden")
    for name in ("train", "train.csv"):
        there = tmp_path / "hidden" / name
        shutil.rmtree(there) if there.is_dir() else there.unlink()
        copy = shutil.copytree if (folder / name).is_dir() else shutil.copy
        copy(folder / name, there)
    console = Recorder()
    written = prz.predict(
        run, competition=str(tmp_path / "hidden"), output=tmp_path / "s.csv", console=console
    )
    assert 0 < grader.grade(written, hidden.answers()).public < 2
    assert console.lines[-1].startswith("Predicted 40 images with 2 networks.")


@pytest.mark.keras
def test_a_test_image_that_cannot_be_decoded_gets_the_prior(run, folder, tmp_path):
    ids = pd.read_csv(folder / "sample_submission.csv", dtype=str)["id"].tolist()[:2]
    public = with_test_rows(folder, tmp_path / "public", ids)
    (public / "test" / f"{ids[0]}.png").write_bytes(b"no image")
    console = Recorder()
    written = prz.predict(run, competition=str(public), output=tmp_path / "s.csv", console=console)
    submitted = pd.read_csv(written, index_col=0)
    shares = np.bincount(run.task.labels) / len(run.task.labels)
    np.testing.assert_allclose(submitted.loc[ids[0]].to_numpy(), shares, atol=1e-6)
    assert any("1 of 2 test rows have no image" in line for line in console.lines)


@pytest.mark.full
@pytest.mark.keras
@pytest.mark.parametrize(
    "slug",
    [
        "plant-pathology-2021-fgvc8",
        "petfinder-pawpularity-score",
        "aptos2019-blindness-detection",
        "bag-folders",
        "wide-heads",
        "tfrecords",
    ],
)
def test_other_kinds_and_cells(drawn, tmp_path, slug):
    competition = drawn(slug)
    metric = None if competition.metric == "Custom Metric" else competition.metric
    fitted = prz.fit(
        str(competition.root), metric=metric, output_dir=tmp_path / "runs", backbone="tiny",
        sizes=(24,), folds=2, epochs=2, batch_size=8, learning_rate=5e-3,
    )  # fmt: skip
    written = prz.predict(fitted, output=tmp_path / "again.csv")
    assert competition.grade(written) == pytest.approx(competition.grade(fitted.submission))


def other_net():
    """Another network of the same name, source and weights: what it closes over differs."""
    factor = 0.5

    def plain_net(size):
        import keras

        return keras.Sequential(
            [
                keras.Input((size, size, 3)),
                *toy_nets.plain_net(size).layers,
                keras.layers.Lambda(lambda x: x * factor),
            ]
        )

    return plain_net


@pytest.mark.full
@pytest.mark.keras
def test_a_network_that_was_handed_over_is_asked_for(folder, tmp_path):
    fitted = prz.fit(
        str(folder), output_dir=tmp_path / "runs", **(QUICK | {"backbone": plain_net, "epochs": 1})
    )
    with pytest.raises(UsageError, match="Pass the same network"):
        prz.predict(fitted, output=tmp_path / "s.csv")
    with pytest.raises(UsageError, match="received 'tiny': it was passed as an object before"):
        prz.predict(fitted, output=tmp_path / "s.csv", backbone="tiny")
    with pytest.raises(UsageError, match="its layers, their settings or their functions differ"):
        prz.predict(fitted, output=tmp_path / "s.csv", backbone=other_net())
    again = prz.fit(
        str(folder),
        output_dir=tmp_path / "runs",
        **(QUICK | {"backbone": other_net(), "epochs": 1}),
    )
    assert (again.path != fitted.path, again.recipe) == (True, fitted.recipe)
    written = prz.predict(fitted, output=tmp_path / "s.csv", backbone=plain_net)
    ours, theirs = (pd.read_csv(each, index_col=0) for each in (written, fitted.submission))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-5)


@pytest.mark.keras
def test_heads_that_a_time_limit_left_predict_as_they_did(folder, tmp_path):
    options = QUICK | {"backbone": plain_net, "epochs": None, "time_limit": 5}
    fitted = prz.fit(str(folder), output_dir=tmp_path / "runs", **options)
    assert len(fitted.task.flips) > 0  # so that there are two views, of which heads saw one
    assert not any(stage.epochs for stage in fitted.stages)
    written = prz.predict(fitted, output=tmp_path / "s.csv", backbone=plain_net)
    ours, theirs = (pd.read_csv(each, index_col=0) for each in (written, fitted.submission))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-5)


def unread(path: Path) -> prz.Run:
    """A finished run of two stages, whose weights are none."""
    made = make_run_of("classes", path)
    runs.begin(path, str(made.task.root), made.recipe, made.task, "")
    return made


def test_lost_weights_are_named(tmp_path):
    made = unread(tmp_path / "run")
    (made.path / "stage2-48" / "fold1" / runs.WEIGHTS).unlink()
    with pytest.raises(RunError, match=r"fold1/model\.weights\.h5 is missing"):
        predict.predict(made)


def test_a_place_that_takes_no_file_is_told_before_anything_is_read(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file cannot be created .* Choose another path"):
        predict.predict(unread(tmp_path / "run"), output=tmp_path / "file" / "submission.csv")
    assert [path.name for path in tmp_path.glob(".part-*")] == []


def test_a_run_without_a_blend_is_not_finished(tmp_path):
    made = unread(tmp_path / "run")
    (made.path / "blend.json").unlink()
    with pytest.raises(RunError, match=r"blend\.json is missing"):
        predict.predict(made)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"classes": ("circle", "cross", "ring", "star")},
            "The classes of .*: circle, cross, ring, star; of",
        ),
        ({"kind": "tags"}, "The kind of .*: tags; of .*: classes"),
        ({"channels": 1}, "The channels of .*: 1; of .*: 3"),
        ({"id_column": "image"}, "The id column of .*: image; of .*: id"),
    ],
)
def test_files_of_another_task_are_refused(folder, tmp_path, change, told):
    task = prz.inspect(str(folder))
    runs.begin(tmp_path, str(folder), prz.Recipe(backbone="tiny"), task, "")
    other = prz.Run(tmp_path, prz.Recipe(backbone="tiny"), replace(task, **change))
    with pytest.raises(DataError, match=told):
        predict.read_again(other, str(folder))


def test_what_settled_the_files_settles_them_again(folder, tmp_path):
    renamed = tmp_path / "renamed"
    shutil.copytree(folder, renamed)
    labels = pd.read_csv(renamed / "train.csv")
    labels["other"] = labels["label"].sample(frac=1, random_state=0).to_numpy()
    labels.to_csv(renamed / "train.csv", index=False)
    task = prz.inspect(str(renamed), target="other")
    runs.begin(
        tmp_path / "run", str(renamed), prz.Recipe(), task, "",
        overrides=Overrides(target="other", metric="log_loss"),
    )  # fmt: skip
    run = prz.Run(tmp_path / "run", prz.Recipe(), task)
    assert run.overrides == Overrides(target="other", metric="log_loss")
    assert predict.read_again(run, str(renamed)).test_ids.tolist() == task.test_ids.tolist()
    (tmp_path / "run" / "recipe.json").write_text('{"competition": "x", "recipe": {}}')
    assert run.overrides == Overrides()
    assert run.competition == "x"
