"""Whole runs on small competitions: complete, leak-free, the same again, and never lost."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from support.toy_nets import plain_net, transformer

import kaggle_prz as prz
from kaggle_prz import report
from kaggle_prz.commands import fit as experiment
from kaggle_prz.competitions.embedded import grader
from kaggle_prz.competitions.embedded import source as embedded
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import clock as budget
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Silent
from kaggle_prz.core.errors import PausedError, RunError, UsageError
from kaggle_prz.runs import leak_audit, speeds
from kaggle_prz.runs.run import Run
from kaggle_prz.training import stage_trainer
from kaggle_prz.training.workers import in_process

pytestmark = pytest.mark.keras

DRAWN = Shapes(seed=3, train=48, test=12)
QUICK = {"backbone": "tiny", "sizes": (16, 24), "folds": 2, "epochs": 3, "batch_size": 8}


def predictions_of(run: Run) -> dict[str, list]:
    """Predictions of every fold of every stage."""
    return {
        file.relative_to(run.path).as_posix(): filesystem.read_arrays(file)[
            "probabilities"
        ].tolist()
        for name in ("oof", "test")
        for file in run.path.glob(f"stage*/fold*/{name}.npz")
    }


class Heard(Silent):
    """A console that keeps what it is told."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "drawn"
    DRAWN.materialise(path)
    return path


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory) -> Run:
    """A run that was left alone; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAGGLE_PRZ_HOME", str(tmp_path_factory.mktemp("home")))
        return prz.fit(str(folder), output_dir=tmp_path_factory.mktemp("runs"), **QUICK)


@pytest.fixture
def no_report(monkeypatch):
    monkeypatch.setattr(experiment.report, "write_if_possible", lambda run, console: None)


@pytest.fixture
def instead_of_training(monkeypatch, no_report):
    """Set what is called as `hook(stage, fold, train)` where a fold would be trained."""
    original = stage_trainer.StageTrainer.train

    def use(hook):
        monkeypatch.setattr(
            stage_trainer.StageTrainer,
            "train",
            lambda self, work, advance=None, **more: hook(
                self, work.fold, lambda: original(self, work, advance, **more)
            ),
        )

    return use


def seals(run: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every seal."""
    return {
        seal.parent.relative_to(run).as_posix(): (seal.stat().st_ino, seal.stat().st_mtime_ns)
        for seal in run.glob("stage*/fold*/DONE")
    }


def is_graded(run: Run, drawn: Shapes = DRAWN) -> bool:
    scores = grader.grade(run.submission, drawn.answers())
    return 0 < scores.public < 5 and 0 < scores.private < 5


def test_a_run_is_complete(finished):
    assert is_graded(finished)
    assert set(seals(finished.path)) == {
        f"{stage}/fold{fold}" for stage in ("stage1-16", "stage2-24") for fold in (0, 1)
    }
    assert {file.name for file in finished.path.iterdir() if file.is_file()} >= {
        "recipe.json", "task.json", "folds.csv", "plan.json", "environment.json", "blend.json",
        "submission.csv", "report.html",
    }  # fmt: skip
    assert filesystem.read_json(finished.path / "plan.json")["complete"] is True
    assert prz.load_run(finished.path).score == finished.score
    assert finished.receipt is None


def test_a_run_is_free_of_leaks(finished):
    audit = leak_audit.audit(finished.path)
    assert audit.clean
    assert audit.checked == 4


def test_every_stage_was_traced_once(finished):
    records = [filesystem.read_json(file) for file in finished.path.glob("stage*/stage.json")]
    assert len(records) == 2
    assert sum(record["training_traces"] for record in records) == 2


def test_the_second_stage_starts_where_the_first_ended(finished):
    for fold in (0, 1):
        source = filesystem.read_json(finished.path / f"stage2-24/fold{fold}/transfer.json")
        weights = finished.path / f"stage1-16/fold{fold}/model.weights.h5"
        assert source["source"] == f"stage1-16/fold{fold}/model.weights.h5"
        assert source["source_sha256"] == filesystem.sha256(weights)
        assert len(source["kept"]) == 22
        assert source["reinitialised"] == []


@pytest.mark.full
def test_position_embeddings_pass_to_a_larger_grid(folder, no_report, tmp_path):
    given = QUICK | {"backbone": transformer, "epochs": 1}
    run = prz.fit(str(folder), output_dir=tmp_path / "runs", **given)
    source = filesystem.read_json(run.path / "stage2-24/fold0/transfer.json")
    assert source["resampled"] == ["position_embedding/vectors"]
    assert not set(source["resampled"]) & set(source["kept"])
    assert leak_audit.audit(run.path).clean


def test_the_weights_of_a_fold_predict_what_the_fold_predicted(finished, folder):
    """From the images, by another way: rows, ids, folds and weights belong together."""
    from PIL import Image

    directory = finished.path / "stage2-24/fold1"
    model = prz.build_model("tiny", image_size=24, classes=4)
    model.load_weights(directory / "model.weights.h5")
    folds = pd.read_csv(finished.path / "folds.csv").set_index("id")["fold"]
    given = filesystem.read_arrays(directory / "oof.npz")
    assert set(given["ids"].tolist()) == set(folds.index[folds == 1])
    for part, ids in (
        ("train", given["ids"]),
        ("test", filesystem.read_arrays(directory / "test.npz")["ids"]),
    ):
        pictures = [Image.open(folder / part / f"{name}.png") for name in ids.tolist()]
        pixels = np.stack(
            [
                np.asarray(picture.resize((24, 24), Image.Resampling.LANCZOS, reducing_gap=3.0))
                for picture in pictures
            ]
        ).astype("float32")
        both = [np.asarray(model(view, training=False)) for view in (pixels, pixels[:, :, ::-1])]
        file = "oof.npz" if part == "train" else "test.npz"
        stored = filesystem.read_arrays(directory / file)["probabilities"]
        np.testing.assert_allclose(stored, np.mean(both, axis=0), atol=1e-4)


def test_the_score_is_that_of_every_row_by_the_fold_that_held_it_out(finished):
    labels = pd.read_csv(finished.task.root / "train.csv").set_index("id")["label"]
    oof = finished.oof
    losses = [-np.log(oof.at[name, labels[name]]) for name in labels.index]
    assert finished.score == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.full
def test_the_same_call_elsewhere_gives_the_same_run(
    finished, folder, tmp_path, instead_of_training
):
    starts = {}

    def remember(trainer, fold, train):
        starts[trainer.stage.index, fold] = trainer._model.get_weights()
        return train()

    instead_of_training(remember)
    again = prz.fit(str(folder), output_dir=tmp_path / "runs", **QUICK)
    assert again.path != finished.path
    assert again.name == finished.name
    for name in ("folds.csv", "submission.csv"):
        assert (again.path / name).read_bytes() == (finished.path / name).read_bytes()
    assert again.stages == finished.stages
    for file in finished.path.glob("stage*/fold*/history.csv"):
        twin = again.path / file.relative_to(finished.path)
        one, other = (pd.read_csv(each).drop(columns="seconds") for each in (file, twin))
        pd.testing.assert_frame_equal(one, other)
    before = prz.build_model("tiny", image_size=16, classes=4)
    for fold in (0, 1):
        before.load_weights(again.path / f"stage1-16/fold{fold}/model.weights.h5")
        ended = before.get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(ended, starts[2, fold], strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(starts[1, 0], starts[1, 1], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(starts[1, 0], starts[2, 0], strict=True))


@pytest.mark.parametrize(
    "where",
    [(1, 1), pytest.param((2, 1), marks=pytest.mark.full)],
    ids=["first-stage", "second-stage"],
)
def test_an_interrupted_run_goes_on_and_ends_the_same(
    finished, folder, tmp_path, instead_of_training, where
):
    def interrupted(trainer, fold, train):
        if (trainer.stage.index, fold) == where:
            raise KeyboardInterrupt
        return train()

    instead_of_training(interrupted)
    with pytest.raises(KeyboardInterrupt):
        prz.fit(str(folder), output_dir=tmp_path / "runs", **QUICK)
    (path,) = (tmp_path / "runs").glob("*/*")
    kept = seals(path)
    assert len(kept) == 2 * (where[0] - 1) + where[1]
    drawn = (path / "folds.csv").read_bytes()
    if where[0] == 2:  # a whole stage is done, so there is a submission already
        assert is_graded(prz.load_run(path))

    trained = []

    def listed(trainer, fold, train):
        trained.append((trainer.stage.index, fold))
        return train()

    instead_of_training(listed)
    ended = prz.fit(str(folder), output_dir=tmp_path / "runs", **QUICK)
    assert ended.path == path
    assert trained == [each for each in [(1, 0), (1, 1), (2, 0), (2, 1)] if each >= where]
    assert {name: seal for name, seal in seals(path).items() if name in kept} == kept
    assert (path / "folds.csv").read_bytes() == drawn
    assert ended.submission.read_bytes() == finished.submission.read_bytes()
    assert leak_audit.audit(path).clean


@pytest.mark.full
def test_sessions_too_short_for_the_run_end_as_one_that_is_not(
    finished, folder, tmp_path, no_report, monkeypatch
):
    """Each session comes at least one fold further; the last one ends the run."""
    monkeypatch.setattr(speeds, "known", lambda *_: None)
    sealed = []
    for session in range(4):
        clock = budget.Budget(None, session=0)
        with (
            pytest.raises(PausedError, match=f"{session + 1} of 4 folds are finished")
            if session < 3
            else contextlib.nullcontext()
        ):
            run = prz.fit(str(folder), output_dir=tmp_path, budget=clock, **QUICK)
        (path,) = tmp_path.glob("drawn/*")
        sealed.append(len(seals(path)))
    assert sealed == [1, 2, 3, 4]
    assert run.submission.read_bytes() == finished.submission.read_bytes()


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("cards", ["", "0,1"], ids=["processors", "graphics cards"])
def test_folds_side_by_side_give_the_same_submission(
    finished, folder, tmp_path, monkeypatch, cards
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", cards)
    console = Heard()
    workers = "auto" if cards else 2
    run = prz.fit(str(folder), output_dir=tmp_path, workers=workers, console=console, **QUICK)
    names = ["GPU 0", "GPU 1"] if cards else ["process 1", "process 2"]
    assert run.submission.read_bytes() == finished.submission.read_bytes()
    assert predictions_of(run) == predictions_of(finished) != {}
    assert sorted(run.measured(run.stages[0]).devices) == names
    assert f"Decided: folds are trained side by side on {', '.join(names)}." in console.lines
    environment = filesystem.read_json(run.path / "environment.json")
    assert environment["devices"] == ", ".join(names)


def test_a_network_that_is_an_object_stays_in_this_process(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    recipe = QUICK | {"backbone": plain_net, "epochs": 1}
    with pytest.raises(UsageError, match=r"is an object of this process.*FILE\.py:FUNCTION"):
        prz.fit(str(folder), output_dir=tmp_path, workers=2, **recipe)
    console = Heard()
    run = prz.fit(str(folder), output_dir=tmp_path, console=console, **recipe)
    assert run.is_finished
    assert any(line.startswith("Note: one of 2 GPUs is used.") for line in console.lines)


def test_more_workers_than_processors_are_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="at most the number of processors"):
        prz.fit(str(folder), output_dir=tmp_path, workers=1000, **QUICK)


def test_a_finished_run_is_not_trained_again(finished, folder, monkeypatch, tmp_path, no_report):
    copy = tmp_path / "runs" / finished.path.parent.name / finished.name
    shutil.copytree(finished.path, copy)
    kept = seals(copy)
    monkeypatch.setattr(in_process, "InProcess", None)  # any use of it would be an error
    again = prz.fit(str(folder), output_dir=tmp_path / "runs", **QUICK)
    assert again.path == copy
    assert seals(copy) == kept
    assert again.submission.read_bytes() == finished.submission.read_bytes()


def test_a_broken_seal_is_trained_again_and_no_other(
    finished, folder, monkeypatch, tmp_path, no_report
):
    copy = tmp_path / "runs" / finished.path.parent.name / finished.name
    shutil.copytree(finished.path, copy)
    (copy / "stage2-24/fold0/oof.npz").unlink()
    kept = seals(copy)
    again = prz.fit(str(folder), output_dir=tmp_path / "runs", **QUICK)
    changed = {name for name, seal in seals(copy).items() if kept[name] != seal}
    assert changed == {"stage2-24/fold0"}
    assert again.submission.read_bytes() == finished.submission.read_bytes()


def test_another_recipe_in_the_same_run_is_refused(finished, folder):
    with pytest.raises(RunError, match=r"another recipe \(epochs 3\.0 there, 4\.0 here\)"):
        prz.fit(
            str(folder), output_dir=finished.path.parents[1], run=finished.name,
            **(QUICK | {"epochs": 4}),
        )  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"time_limit": 120, "batch_norm": "recalibrate"}])
@pytest.mark.parametrize("backbone", [pytest.param("tiny", marks=pytest.mark.full), plain_net])
def test_a_last_size_without_epochs_predicts(folder, tmp_path, no_report, backbone, more):
    asked = QUICK | {"epochs": (1, 0), "backbone": backbone} | more
    run = prz.fit(str(folder), output_dir=tmp_path / "runs", **asked)
    assert [stage.epochs > 0 for stage in run.stages] == [True, False]
    assert all(map(run.is_sealed, run.stages))
    assert [len(list(run.path.glob(f"{stage.name}/*/history.csv"))) for stage in run.stages] == [
        2, 0,
    ]  # fmt: skip
    assert leak_audit.audit(run.path).clean
    assert is_graded(run)
    source = filesystem.read_json(run.directory(run.stages[1], 0) / "transfer.json")
    assert source["source"] == "stage1-16/fold0/model.weights.h5"


def test_a_run_with_a_removed_key_is_refused(finished, folder, tmp_path):
    copy = tmp_path / "runs" / finished.path.parent.name / finished.name
    shutil.copytree(finished.path, copy)
    known = filesystem.read_json(copy / "recipe.json")
    for value in (False, True):
        known["recipe"]["fixres"] = value
        filesystem.write_json(copy / "recipe.json", known)
        if not value:
            assert prz.load_run(copy).score == finished.score
    with pytest.raises(UsageError, match="unknown key 'fixres'; to predict at a larger size"):
        prz.load_run(copy)
    with pytest.raises(UsageError, match="unknown key 'fixres'; to predict at a larger size"):
        prz.fit(str(folder), output_dir=tmp_path / "runs", run=copy.name, **QUICK)


def test_wrong_options_are_refused_before_anything_is_written(folder, tmp_path):
    with pytest.raises(UsageError, match="image sizes must rise"):
        prz.fit(str(folder), output_dir=tmp_path / "runs", **(QUICK | {"sizes": (24, 16)}))
    with pytest.raises(UsageError, match="greater than or equal to 8"):
        prz.fit(str(folder), output_dir=tmp_path / "runs", **(QUICK | {"sizes": (4, 16)}))
    with pytest.raises(UsageError, match="image_cache must be one of auto, raw, encoded, none"):
        prz.fit(str(folder), output_dir=tmp_path / "runs", image_cache="disk", **QUICK)
    assert not (tmp_path / "runs").exists()


def test_numbers_have_no_classes_to_balance(drawn, tmp_path):
    root = drawn("petfinder-pawpularity-score").root
    with pytest.raises(UsageError, match="class_weight 'balanced' needs classes"):
        prz.fit(str(root), output_dir=tmp_path / "runs", class_weight="balanced", **QUICK)
    assert not (tmp_path / "runs").exists()


@pytest.mark.full
def test_a_time_limit_is_kept(folder, tmp_path, no_report, monkeypatch):
    """Of epochs that would take minutes, those that fit; what was cut short is annealed."""
    monkeypatch.setattr(budget, "FOR_ENSEMBLE_AND_REPORT", 1.0)
    options = QUICK | {"epochs": (2000, 2000), "time_limit": 14}
    run = prz.fit(str(folder), output_dir=tmp_path, **options)
    assert is_graded(run)
    assert leak_audit.audit(run.path).clean
    trained = 0.0
    for file in run.path.glob("stage*/fold*/history.csv"):
        history = pd.read_csv(file)
        trained += history.seconds.iloc[-1]
        assert history.epoch.iloc[-1] < 2000
        if len(history) > 20:
            assert history.learning_rate.iloc[-1] < 0.1 * history.learning_rate.max()
    assert 0 < trained <= 14


def test_a_limit_too_short_for_anything_still_ends_with_a_submission(folder, tmp_path, no_report):
    heard = Heard()
    options = QUICK | {"time_limit": 0.1}
    run = prz.fit(str(folder), output_dir=tmp_path, console=heard, **options)
    assert is_graded(run)
    assert any(", over the limit of 0.1 s. Submission: " in line for line in heard.lines)
    assert [stage.name for stage in run.stages] == ["stage1-16"]
    assert run.stages[0].epochs == 0
    assert any("24 px; left out" in line for line in heard.lines)
    assert set(seals(run.path)) == {"stage1-16/fold0", "stage1-16/fold1"}


@pytest.mark.full
def test_a_report_that_would_come_too_late_is_not_written(folder, tmp_path, monkeypatch):
    """Under a limit it is written after every stage but the last, which tells what it takes."""
    written, console = [], Heard()
    monkeypatch.setattr(report, "write_if_possible", lambda *_: written.append(1))
    monkeypatch.setattr(budget.Budget, "has_left", lambda self, seconds: seconds == 0)
    options = QUICK | {"epochs": 1, "time_limit": 60}
    run = prz.fit(str(folder), output_dir=tmp_path, console=console, **options)
    assert len(written) == 1
    assert f"No time is left for the report. Write it with: kaggle-prz report {run.path}" in (
        console.lines
    )
    assert run.submission.is_file()


@pytest.mark.full
def test_a_report_that_fails_on_the_way_does_not_end_the_run(folder, tmp_path, monkeypatch):
    console, calls = Heard(), []

    def fails_first(run, said):
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("no such font")

    monkeypatch.setattr(report, "write_if_possible", fails_first)
    options = QUICK | {"epochs": 1, "time_limit": 60}
    run = prz.fit(str(folder), output_dir=tmp_path, console=console, **options)
    assert len(calls) == 2
    assert "Note: the report could not be written: ValueError: no such font" in console.lines
    assert [stage.name for stage in run.stages] == ["stage1-16", "stage2-24"]


def test_a_recipe_s_file_may_hold_the_time_limit(folder, tmp_path, no_report):
    file = tmp_path / "mine.toml"
    file.write_text(
        'backbone = "tiny"\nsizes = [16, 24]\nfolds = 3\nbatch_size = 8\ntime_limit = 1.0\n'
    )
    clock = budget.Budget(None)  # as the command line starts it before it knows the file
    run = prz.fit(str(folder), output_dir=tmp_path, recipe=file, folds=2, budget=clock)
    assert (run.recipe.folds, run.recipe.time_limit) == (2, 1.0)
    assert [(stage.name, stage.epochs) for stage in run.stages] == [("stage1-16", 0)]
    assert is_graded(run)


@pytest.mark.full
def test_a_stage_that_the_clock_cuts_short_leaves_the_folds_it_has(
    folder, tmp_path, monkeypatch, no_report
):
    from kaggle_prz.runs.plan import Plan

    monkeypatch.setattr(
        Plan, "has_time_for", lambda self, stage, fold: (stage.index, fold) != (2, 1)
    )
    three = QUICK | {"sizes": (16, 24, 32)}
    run = prz.fit(str(folder), output_dir=tmp_path, **three)
    assert set(seals(run.path)) == {"stage1-16/fold0", "stage1-16/fold1", "stage2-24/fold0"}
    assert is_graded(run)
    assert leak_audit.audit(run.path).clean


@pytest.mark.full
def test_unreadable_images_are_named_and_passed_over(folder, tmp_path, no_report):
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    labels = pd.read_csv(damaged / "train.csv")
    test_ids = pd.read_csv(damaged / "test.csv")["id"]
    bad_train, bad_test = labels["id"][7], test_ids[4]
    (damaged / "train" / f"{bad_train}.png").write_bytes(b"not an image")
    whole = (damaged / "test" / f"{bad_test}.png").read_bytes()
    (damaged / "test" / f"{bad_test}.png").write_bytes(whole[: len(whole) // 3])
    heard = Heard()
    run = prz.fit(str(damaged), output_dir=tmp_path / "runs", console=heard, **QUICK)
    for name in (f"train/{bad_train}.png", f"test/{bad_test}.png"):
        assert any(name in line and "cannot be decoded" in line for line in heard.lines)
        assert sum(name in warning for warning in run.task.warnings) == 1
    assert is_graded(run)
    submitted = pd.read_csv(run.submission).set_index("id")
    shares = labels.drop(index=7)["label"].value_counts(normalize=True)
    np.testing.assert_allclose(
        submitted.loc[bad_test].to_numpy(), shares[submitted.columns].to_numpy(), atol=1e-6
    )
    assert bad_train not in set(pd.read_csv(run.path / "folds.csv")["id"])
    assert len(run.oof) == 47
    assert leak_audit.audit(run.path).clean


def test_a_function_may_be_the_backbone(folder, tmp_path, no_report):
    options = QUICK | {"backbone": plain_net, "epochs": 1}
    run = prz.fit(str(folder), output_dir=tmp_path, **options)
    assert run.name.startswith("plain_net-16-24-")
    assert is_graded(run)
    source = filesystem.read_json(run.path / "stage1-16/fold0/transfer.json")
    assert source["head"] == "linear probe on frozen features of 24 training rows"


@pytest.mark.full
def test_a_model_may_be_the_backbone(folder, tmp_path, no_report):
    mine = plain_net(40)
    options = QUICK | {"backbone": mine, "epochs": (0.01, 0.01), "learning_rate": 1e-9}
    run = prz.fit(str(folder), output_dir=tmp_path, **options)
    assert is_graded(run)
    trained = prz.build_model(plain_net(24), image_size=24, classes=4)
    trained.load_weights(run.path / "stage2-24/fold1/model.weights.h5")
    kernel = trained.get_layer("plain").get_layer("conv").get_weights()[0]
    np.testing.assert_allclose(kernel, mine.get_layer("conv").get_weights()[0], atol=1e-6)
    other = keras.models.clone_model(mine)
    with pytest.raises(RunError, match=r"another network .*: its initial weights differ"):
        prz.fit(str(folder), output_dir=tmp_path, run=run.name, **(options | {"backbone": other}))


@pytest.mark.full
def test_the_embedded_competition_with_groups(tmp_path, no_report):
    pytest.importorskip("elpv_dataset")
    run = prz.fit(
        "elpv", output_dir=tmp_path, backbone="tiny", weights="none", sizes=(16,), folds=2,
        epochs=0.2, tta=False, submit=True,
    )  # fmt: skip
    assert run.receipt.status == "complete"
    assert leak_audit.audit(run.path).clean
    rows = pd.read_csv(run.path / "folds.csv")
    assert rows.groupby("group")["fold"].nunique().max() == 1
    assert rows["group"].nunique() > 20


def test_a_run_that_is_submitted_finds_its_competition_once(tmp_path, monkeypatch, no_report):
    found = []
    monkeypatch.setattr(embedded, "EMBEDDED", {"shapes": Shapes(train=12, test=8)})
    find = experiment.competitions.find
    monkeypatch.setattr(
        experiment.competitions, "find", lambda text: found.append(text) or find(text)
    )
    run = prz.fit(
        "shapes", output_dir=tmp_path, backbone="tiny", sizes=(16,), folds=2, epochs=0.2,
        tta=False, submit=True,
    )  # fmt: skip
    assert run.receipt.status == "complete"
    assert found == ["shapes"]


# What follows is killed, or runs out of room, in a process of its own.

CALL = """
import resource, sys
room = int(sys.argv.pop(1))
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
from kaggle_prz.commands.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def start(tmp_path, tmp_path_factory):
    """Start the command line in a process of its own."""
    begun = []
    fonts = tmp_path_factory.getbasetemp() / "fonts"

    def begin(*arguments: str, room: int = 0) -> subprocess.Popen:
        begun.append(
            subprocess.Popen(
                [sys.executable, "-c", CALL, str(room), *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env=os.environ | {"MPLCONFIGDIR": str(fonts)},
            )
        )
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen, pattern: str, directory: Path) -> None:
    limit = time.monotonic() + 120
    while not list(directory.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.01)


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


@pytest.mark.full
def test_a_run_that_is_interrupted_and_killed_loses_nothing(start, tmp_path):
    fit = [
        "fit", "--competition", "shapes", "--sizes", "24,32", "--folds", "2", "--epochs", "2",
        "--submit", "--run", "mine",
    ]  # fmt: skip
    path = tmp_path / "runs" / "shapes" / "mine"

    process = start(*fit)
    wait_for(process, "stage1-24/fold0/DONE", path)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert code == 130, err
    assert "Finished folds are kept; run the same command again to continue." in err
    assert "Traceback" not in err
    first = seals(path)
    assert set(first) <= {"stage1-24/fold0", "stage1-24/fold1"}
    drawn = (path / "folds.csv").read_bytes()

    process = start(*fit)
    wait_for(process, "stage2-32/fold0/*", path)
    process.kill()
    assert ended(process)[0] == -signal.SIGKILL
    second = seals(path)
    assert second.items() >= first.items()
    assert {"stage1-24/fold0", "stage1-24/fold1"} <= set(second)
    assert "stage2-32/fold1" not in second
    assert (path / "submission.csv").is_file()

    code, out, err = ended(start(*fit))
    assert code == 0, err
    assert "stage 2 · 32 px · fold 2/2" in out
    assert "stage 1 ·" not in out
    third = seals(path)
    assert third.items() >= second.items()
    assert len(third) == 4
    assert (path / "folds.csv").read_bytes() == drawn
    assert leak_audit.audit(path).clean
    assert grader.grade(path / "submission.csv", Shapes().answers()).public < 3

    code, out, err = ended(start(*fit))
    assert code == 0, err
    assert seals(path) == third
    assert "it is not sent again" in out
    assert "fold 1/2" not in out
    entries = embedded.EmbeddedSource("shapes").leaderboard.submissions()
    assert len(entries) == 1
    assert entries[0].sha256 == filesystem.sha256(path / "submission.csv")


@pytest.mark.full
def test_a_full_disk_is_a_sentence_and_the_run_goes_on_when_there_is_room(start, folder, tmp_path):
    fit = [
        "fit", "-c", str(folder), "--backbone", "tiny", "--sizes", "16,24", "--folds", "2",
        "--epochs", "1", "--run", "mine",
    ]  # fmt: skip
    path = tmp_path / "runs" / "drawn" / "mine"
    stores, weights = 60_000, 150_000  # bytes: less than an image store; less than the weights
    for room in (stores, weights):
        code, _, err = ended(start(*fit, room=room))
        assert code == 1
        assert err.count("Error: ") == 1
        assert "The disk or a quota is full" in err
        assert "Traceback" not in err
        assert seals(path) == {}
        assert not list(tmp_path.rglob(".part-*"))
    assert (path / "folds.csv").is_file()
    code, _, err = ended(start(*fit))
    assert code == 0, err
    assert len(seals(path)) == 4
    assert is_graded(prz.load_run(path))


@pytest.mark.full
def test_near_duplicates_share_a_fold_and_the_run_goes_on(folder, tmp_path, no_report):
    data = tmp_path / "copied"
    shutil.copytree(folder, data)
    ids = sorted(file.stem for file in (data / "train").iterdir())
    for copy, of in ((ids[7], ids[0]), (ids[20], ids[1])):
        shutil.copy(data / "train" / f"{of}.png", data / "train" / f"{copy}.png")
    heard = Heard()
    run = prz.fit(str(data), output_dir=tmp_path / "runs", console=heard, **QUICK)
    column = pd.read_csv(run.path / "folds.csv", dtype=str).set_index("id")["fold"]
    assert column[ids[7]] == column[ids[0]]
    assert column[ids[20]] == column[ids[1]]
    note = "4 training images in 2 sets are near-duplicates; each set is in one fold."
    assert f"Note: {note}" in heard.lines
    assert note in run.task.warnings
    assert leak_audit.audit(run.path).clean
    before = seals(run.path)
    again = prz.fit(str(data), output_dir=tmp_path / "runs", **QUICK)
    assert seals(again.path) == before
    assert again.task.groups.tolist() == run.task.groups.tolist()
