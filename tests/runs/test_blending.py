import csv
import shutil

import numpy as np
import pytest
from support.synthetic import make_run

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.runs import blending, records
from kaggle_prz.runs.records import Member, Seal
from kaggle_prz.runs.run import Run, load_run


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "toys" / "first")


@pytest.fixture
def run(original, tmp_path) -> Run:
    """Two stages, three folds; the second stage scores better."""
    return load_run(shutil.copytree(original.path, tmp_path / "run"))


def _submitted(run: Run) -> dict[str, list[float]]:
    with run.submission.open(newline="") as file:
        _, *rows = csv.reader(file)
    return {name: [float(cell) for cell in cells] for name, *cells in rows}


def _parts(run: Run, stage: str):
    """Every fold's directory and test predictions by id."""
    for fold in range(run.recipe.folds):
        directory = run.path / stage / f"fold{fold}"
        content = filesystem.read_arrays(directory / "test.npz")
        yield dict(zip(content["ids"].tolist(), content["probabilities"], strict=True))


def test_the_submission_is_the_mean_of_the_best_stages_folds(run):
    blending.blend(run)
    parts = list(_parts(run, "stage2-48"))
    submitted = _submitted(run)
    assert list(submitted) == run.task.test_ids.tolist()
    for name, row in submitted.items():
        expected = np.mean([part[name] for part in parts], axis=0, dtype=np.float64)
        assert row == pytest.approx(expected / expected.sum(), abs=1e-8)


def test_what_is_written_down_about_the_blend(run):
    chosen = blending.blend(run)
    blend = run.blend
    assert (blend.metric, blend.reason) == ("log_loss", chosen.reason)
    assert blend.members == tuple(Member(stage="stage2-48", fold=fold) for fold in range(3))
    assert [stage.name for stage in blend.stages] == ["stage1-32", "stage2-48"]
    best = blend.stages[1]
    assert best.score == run.score == min(stage.score for stage in blend.stages)
    assert min(best.fold_scores) <= best.score <= max(best.fold_scores)
    seals = [records.read(run.path / f"stage2-48/fold{fold}/DONE", Seal) for fold in range(3)]
    assert best.fold_scores == pytest.approx([seal.score for seal in seals])


def test_out_of_fold_predictions_are_in_the_order_of_the_task(run):
    blending.blend(run)
    oof = run.oof
    assert oof.index.tolist() == run.task.train_ids.tolist()
    assert oof.columns.tolist() == list(run.task.classes)
    again = metrics.get("log_loss").score(run.task.labels, oof.to_numpy())
    assert again == pytest.approx(run.score)
    accuracy = metrics.get("accuracy").score(run.task.labels, oof.to_numpy())
    assert accuracy == pytest.approx(run.blend.stages[1].accuracy)


def test_the_order_of_rows_in_the_files_changes_nothing(run):
    blending.blend(run)
    submitted, blend, oof = run.submission.read_bytes(), run.blend, run.oof
    random = np.random.default_rng(1)
    for file in run.path.glob("stage*/fold*/*.npz"):
        content = filesystem.read_arrays(file)
        order = random.permutation(len(content["ids"]))
        filesystem.write_arrays(file, **{name: array[order] for name, array in content.items()})
        filesystem.seal(file.parent)
    blending.blend(run)
    assert run.submission.read_bytes() == submitted
    assert run.oof.equals(oof)
    assert run.blend.members == blend.members
    assert run.score == pytest.approx(blend.score)


def test_a_fold_without_a_seal_takes_no_part(run):
    for fold in (1, 2):
        (run.path / "stage2-48" / f"fold{fold}" / "DONE").unlink()
    blending.blend(run)
    first, second = run.blend.stages
    assert (second.score, second.accuracy, len(second.fold_scores)) == (None, None, 1)
    members = [(member.stage, member.fold) for member in run.blend.members]
    assert members == [("stage2-48", 0), ("stage1-32", 1), ("stage1-32", 2)]
    assert first.score > run.score


def test_without_a_complete_stage_the_files_stay_as_they_were(run):
    before = run.submission.read_bytes()
    for directory in ("stage1-32/fold0", "stage2-48/fold0"):
        (run.path / directory / "DONE").unlink()
    with pytest.raises(RunError, match="complete yet"):
        blending.blend(run)
    assert run.submission.read_bytes() == before


def test_a_test_row_that_was_not_seen_gets_the_shares_of_classes(run):
    for file in run.path.glob("stage*/fold*/test.npz"):
        content = filesystem.read_arrays(file)
        filesystem.write_arrays(file, **{name: array[1:] for name, array in content.items()})
        filesystem.seal(file.parent)
    before = _submitted(run)
    blending.blend(run)
    after = _submitted(run)
    unseen, *seen = run.task.test_ids.tolist()
    assert after[unseen] == pytest.approx([1 / 3] * 3)  # as many images of each class
    assert {name: after[name] for name in seen} == {name: before[name] for name in seen}


def test_a_run_worse_than_a_constant_becomes_the_constant(run):
    for stage in ("stage1-32", "stage2-48"):
        for fold in range(run.recipe.folds):
            path = run.path / stage / f"fold{fold}" / "oof.npz"
            content = filesystem.read_arrays(path)
            wrong = np.roll(content["probabilities"], 1, axis=1)
            filesystem.write_arrays(path, ids=content["ids"], probabilities=wrong)
    blending.blend(run)
    assert run.blend.constant_share > 0
    assert run.score <= run.blend.constant_score
    share, parts = run.blend.constant_share, list(_parts(run, "stage2-48"))
    name, row = next(iter(_submitted(run).items()))
    expected = (1 - share) * np.mean([part[name] for part in parts], axis=0, dtype=np.float64)
    assert row == pytest.approx(expected + share * np.array(run.blend.constant), abs=1e-6)
