"""Larger sizes after the last stage: which, how they predict, and that nothing leaks or is lost."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_nets import plain_net
from toys import Recorder, make_stage, make_task

import kaggle_prz as prz
from kaggle_prz import experiment, finish, finishing, images, lineage, rows, runs, workdir
from kaggle_prz import report as pages
from kaggle_prz.backbones import resolve
from kaggle_prz.budget import Budget
from kaggle_prz.console import Silent
from kaggle_prz.kernel import building, bundle
from kaggle_prz.offline.shapes import Shapes
from kaggle_prz.planning import Plan
from kaggle_prz.restored import Restored
from kaggle_prz.runs import Run
from kaggle_prz.schedule import Speed
from kaggle_prz.spec import Recipe

NAMES = ("finish-32", "finish-32-tuned")
QUICK = {
    "backbone": "tiny", "sizes": (16, 24), "folds": 2, "epochs": 3, "batch_size": 8,
    "fixres": True,
}  # fmt: skip


@given(st.integers(8, 4096), st.sampled_from([1, 2, 8, 14, 16, 32, 64]))
def test_sizes_are_larger_and_suit_the_backbone(size, multiple):
    found = finish.larger_sizes(size, multiple)
    assert 1 <= len(found) <= 2
    assert list(found) == sorted(set(found))
    assert all(one > size and one % multiple == 0 for one in found)
    if size >= 128 and multiple <= 32:
        assert found[0] <= 1.15 * size + 32


def test_finishes_are_of_sizes_that_images_are_decoded_at():
    last = make_stage(2, 160)
    assert finish.candidates(last, (96, 160)) == ()
    (first, tuned), (second, _) = finish.candidates(last, (96, 160, 192, 224, 240, 320))
    assert (first.name, tuned.name, second.name) == ("finish-192", "finish-192-tuned", "finish-224")
    assert (first.after, first.batch_size, first.epochs) == ("stage2-160", 5, 0.0)
    assert (first.label, tuned.label) == ("192 px, untuned", "192 px, tuned")
    stored = [{"name": one.name, **one.model_dump()} for one in (first, tuned)]
    assert finish.finishes_in(json.loads(json.dumps({"finish": stored}))) == (first, tuned)
    assert finish.finishes_in({"stages": []}) == ()


@pytest.fixture
def plan_of(tmp_path, monkeypatch):
    """A plan of a stage that is sealed, with seconds left."""

    def made(limit: float | None, **recipe) -> tuple[Plan, Recorder]:
        given = {"backbone": "tiny", "sizes": (160,), "folds": 3, "fixres": True} | recipe
        run = Run(tmp_path / "run", Recipe(time_limit=limit, **given), make_task([0, 1, 2] * 100))
        monkeypatch.setattr(Run, "is_sealed", lambda self, stage: True)
        console = Recorder()
        plan = Plan(run, Budget(limit), console)
        plan._speed = Speed(image_size=160, train_images=100, predict_images=400, start=2)
        return plan, console

    return made


def test_a_finish_is_tried_where_time_suffices(plan_of):
    plan, console = plan_of(60)
    ((smaller, _), (larger, _)) = plan.finishes((160, 192, 224))
    assert plan.has_time_to_finish(smaller, 3)  # some 10 s
    assert plan._reserve() > 5
    assert console.lines == []
    plan, console = plan_of(15)
    assert not plan.has_time_to_finish(larger, 3)
    assert "too little for 3 folds of a finish at 224 px" in console.lines[-1]
    assert plan._reserve() == 0  # it would take time from training
    plan, _ = plan_of(None)
    assert plan.has_time_to_finish(larger, 3)
    plan, _ = plan_of(60, fixres=False)
    assert plan.finishes((160, 192)) == ()
    assert plan._reserve() == 0


def test_a_plan_remembers_what_was_begun(plan_of):
    plan, _ = plan_of(None)
    pair = plan.finishes((160, 192))[0]
    for _ in range(2):
        plan.begin_finish(pair)
        plan.close()
        assert plan._run.finishes == pair
        plan, _ = plan_of(None)


# Whole runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "drawn"
    Shapes(seed=3, train=48, test=12).materialise(path)
    return path


@pytest.fixture(scope="module")
def heard() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def finished(folder, heard, tmp_path_factory) -> Run:
    """A finished run; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAGGLE_PRZ_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(experiment.report, "write_if_possible", lambda run, console: None)
        place = tmp_path_factory.mktemp("runs")
        return prz.fit(str(folder), output_dir=place, console=heard, **QUICK)


@pytest.fixture
def copied(finished, tmp_path, monkeypatch) -> Run:
    monkeypatch.setattr(experiment.report, "write_if_possible", lambda run, console: None)
    place = tmp_path / "runs" / finished.path.parent.name / finished.name
    return runs.load_run(shutil.copytree(finished.path, place))


def taking(run: Run, name: str) -> Run:
    """The run as if its blend had taken that stage."""
    members = [{"stage": name, "fold": fold} for fold in range(run.recipe.folds)]
    workdir.write_json(run.path / "blend.json", {**run.blend, "members": members})
    return run


def predicted(run: Run, name: str, fold: int, part: str):
    found = workdir.read_arrays(run.path / name / f"fold{fold}" / f"{part}.npz")
    return pd.DataFrame(found["probabilities"], index=found["ids"]).sort_index()


@pytest.mark.keras
def test_a_finish_is_stored_and_blended_like_a_stage(finished, heard):
    assert [stage["name"] for stage in finished.blend["stages"]] == [
        "stage1-16", "stage2-24", *NAMES,
    ]  # fmt: skip
    assert [one.name for one in finished.finishes] == list(NAMES)
    assert all(finished.is_sealed(one) for one in finished.finishes)
    for name in NAMES:
        assert f"{name} 0." in finished.blend["reason"] or f"{name} 1." in finished.blend["reason"]
    audit = lineage.audit(finished.path)
    assert audit.clean
    assert audit.checked == 8
    assert ("finish · 32 px · fold 2/2", 2) in heard.bars
    record = workdir.read_json(finished.path / "finish-32" / "stage.json")
    assert "head and batch normalization tuned" in record["decisions"][0]
    tuned = workdir.read_arrays(finished.path / "finish-32-tuned/fold0/tuned.npz")
    assert len(tuned) == 2 + 2 * 4  # of the head; means and variances
    source = workdir.read_json(finished.path / "finish-32-tuned/fold0/transfer.json")
    assert source["source"] == "stage2-24/fold0/model.weights.h5"
    assert sorted(source["reinitialised"]) == sorted(tuned)
    untouched = workdir.read_json(finished.path / "finish-32/fold0/transfer.json")
    assert untouched["reinitialised"] == []


@pytest.mark.keras
def test_weights_as_trained_predict_at_the_larger_size(finished, folder):
    decoded = images.decode(
        folder,
        rows.files_of(finished.task),
        (32,),
        workdir.home() / "images",
        Silent(),
    )
    model = prz.build_model("tiny", image_size=32, classes=4)
    for fold in (0, 1):
        model.load_weights(finished.path / f"stage2-24/fold{fold}/model.weights.h5")
        pixels = np.asarray(decoded.stores[32])
        both = [model.predict(view, verbose=0) for view in (pixels, pixels[:, :, ::-1])]
        ids = [*finished.task.train_ids, *finished.task.test_ids]
        by_id = pd.DataFrame(np.mean(both, axis=0), index=ids)
        for part in ("oof", "test"):
            stored = predicted(finished, "finish-32", fold, part)
            np.testing.assert_allclose(stored, by_id.loc[stored.index], atol=1e-5)


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
def test_other_files_are_predicted_by_a_finish(copied, folder, tmp_path, name):
    """Here, and from the bundle of a kernel."""
    run = taking(copied, name)
    expected = (predicted(run, name, 0, "test") + predicted(run, name, 1, "test")) / 2
    files = bundle.Bundle(tmp_path / "bundle")
    building._add_run(files, run, "drawn")
    named = {entry["path"].partition("/fold")[0] for entry in files.seal()}
    assert (f"runs/{run.name}/{name}" in named) == name.endswith("tuned")
    assert f"runs/{run.name}/stage2-24" in named
    bundle.unpack(tmp_path / "bundle", tmp_path / "there")
    for place in (run.path, tmp_path / "there" / "runs" / run.name):
        written = prz.predict(place, competition=str(folder), output=tmp_path / "s.csv")
        submitted = pd.read_csv(written, index_col=0, dtype={0: str}).sort_index()
        submitted.index = submitted.index.astype(str)
        np.testing.assert_allclose(submitted, expected, atol=1e-5)


@pytest.mark.keras
def test_lost_weights_of_a_finish_are_named(copied, tmp_path):
    run = taking(copied, NAMES[1])
    (run.path / NAMES[1] / "fold1" / finish.TUNED).unlink()
    with pytest.raises(prz.PrzError, match=r"fold1/tuned\.npz is missing"):
        prz.predict(run, output=tmp_path / "s.csv")


@pytest.mark.keras
def test_the_report_has_a_row_a_finish(copied):
    written = pages.write(copied).read_text("utf-8")
    for name in NAMES:
        assert f"<tr><th>{name}</th>" in written
    assert "32 px, tuned" in written
    assert "chosen, among few, on all out-of-fold rows" in written
    assert "Decided: precision: " not in written
    assert "precision: float32" in written


@pytest.mark.keras
def test_a_finish_that_was_stopped_goes_on_and_ends_the_same(copied, finished, folder, monkeypatch):
    for name in NAMES:
        shutil.rmtree(copied.path / name)
    before = workdir.read_json(copied.path / "plan.json")
    workdir.write_json(copied.path / "plan.json", before | {"complete": False, "finish": []})
    original, done, stop_at = finishing._Size.finish, [], [1]

    def watched(self, fold):
        if fold in stop_at:
            raise KeyboardInterrupt
        done.append(fold)
        original(self, fold)

    monkeypatch.setattr(finishing._Size, "finish", watched)
    place = copied.path.parents[1]
    with pytest.raises(KeyboardInterrupt):
        prz.fit(str(folder), output_dir=place, **QUICK)
    assert copied.submission.is_file()
    assert workdir.is_sealed(copied.path / NAMES[1] / "fold0")
    assert not (copied.path / NAMES[1] / "fold1").exists()
    stop_at.clear()
    again = prz.fit(str(folder), output_dir=place, **QUICK)
    assert done == [0, 1]  # fold 0 before it was stopped
    assert again.submission.read_bytes() == finished.submission.read_bytes()
    for name in NAMES:
        for fold in (0, 1):
            pd.testing.assert_frame_equal(
                predicted(again, name, fold, "oof"), predicted(finished, name, fold, "oof")
            )
    prz.fit(str(folder), output_dir=place, **QUICK)
    assert done == [0, 1]


@pytest.mark.keras
def test_labels_of_held_out_rows_change_nothing(copied, finished):
    """A head is tuned on what its fold trains on, and on nothing else."""
    task = copied.task
    column = pd.read_csv(copied.path / "folds.csv", dtype=str).set_index("id")["fold"]
    folds = column.loc[task.train_ids.tolist()].to_numpy().astype(int)
    labels = np.where(folds == 0, (task.labels + 1) % 4, task.labels)
    other = Run(copied.path, copied.recipe, replace(task, labels=labels))
    decoded = images.decode(
        task.root, rows.files_of(task), (16, 24, 32), workdir.home() / "images", Silent()
    )
    for name in NAMES:
        shutil.rmtree(copied.path / name)
    placed = rows.place(task, decoded.readable, folds)
    plan = Plan(other, Budget(None), Silent())
    finishing.finish(other, resolve("tiny"), placed, decoded.stores, plan=plan, console=Silent())
    for part in ("oof", "test"):
        same, changed = (
            [predicted(run, NAMES[1], fold, part).to_numpy() for fold in (0, 1)]
            for run in (finished, other)
        )
        np.testing.assert_array_equal(same[0], changed[0])
        assert not np.array_equal(same[1], changed[1])


@pytest.mark.keras
def test_pretrained_statistics_stay_and_a_size_that_cannot_be_built_is_told(folder, tmp_path):
    def net(size):
        if size == 32:
            raise ValueError("32 px are not for this network.")
        return plain_net(size)

    console = Recorder()
    run = prz.fit(
        str(folder), output_dir=tmp_path, console=console,
        **(QUICK | {"backbone": net, "sizes": (16,), "epochs": 1}),
    )  # fmt: skip
    assert [one.name for one in run.finishes] == ["finish-24", "finish-24-tuned"]
    tuned = workdir.read_arrays(run.path / "finish-24-tuned/fold0/tuned.npz")
    assert set(tuned) == {"head/kernel", "head/bias"}
    network = Restored(run, resolve(net), run.finishes[1])
    network.set_fold(1)
    stored = workdir.read_arrays(run.path / "finish-24-tuned/fold1/tuned.npz")
    head = network.classifier.model.get_layer("head").get_weights()
    np.testing.assert_array_equal(head[0], stored["head/kernel"])
    broken = prz.fit(
        str(folder), output_dir=tmp_path, console=console,
        **(QUICK | {"backbone": net, "sizes": (16, 24), "epochs": 1}),
    )  # fmt: skip
    assert broken.finishes == ()
    assert any("no finish at 32 px" in line for line in console.lines)
    assert broken.submission.is_file()
