import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import make_task

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.submission import ensemble
from kaggle_prz.submission.ensemble import FoldPredictions

LOG_LOSS = metrics.get("log_loss")


def _ids(names) -> np.ndarray:
    return np.array(names, dtype=str)


def _row(name: str) -> list[float]:
    """A row of probabilities that only its id decides."""
    first = (sum(map(ord, name)) * 37 % 101) / 101
    return [first, 1 - first]


names = st.lists(st.text('abcäé," 0', min_size=1, max_size=6), min_size=1, max_size=12, unique=True)


@given(names, st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=50)
def test_rows_are_joined_by_id_whatever_their_order_and_parts(ids, random, parts):
    shuffled = random.sample(ids, len(ids))
    pieces = [shuffled[part::parts] for part in range(parts)]
    given_parts = [
        (_ids(piece), np.array([_row(name) for name in piece], np.float32).reshape(-1, 2))
        for piece in pieces
    ]
    joined = ensemble.join(_ids(ids), given_parts)
    assert joined == pytest.approx(np.array([_row(name) for name in ids]))


@given(names, st.data())
@settings(max_examples=30)
def test_a_row_without_prediction_or_with_two_is_refused(ids, data):
    victim = data.draw(st.sampled_from(ids))
    rows = np.array([_row(name) for name in ids])
    kept = _ids(ids) != victim
    with pytest.raises(RunError, match="1 rows have none"):
        ensemble.join(_ids(ids), [(_ids(ids)[kept], rows[kept])])
    with pytest.raises(RunError, match="some rows have more than one"):
        ensemble.join(_ids(ids), [(_ids(ids), rows), (_ids([victim]), rows[:1])])


def _predictions(stage: str, fold: int, oof_ids, oof, *, test_ids=("t0",), test=((0.5, 0.5),)):
    return FoldPredictions(
        stage, fold, _ids(oof_ids), np.array(oof, np.float32), _ids(test_ids), np.array(test)
    )


def test_the_mean_of_folds_is_joined_by_id():
    one = _predictions("s", 0, ["r0"], [[1, 0]], test_ids=["a", "b"], test=[[0.2, 0.8], [0.6, 0.4]])
    two = _predictions("s", 1, ["r1"], [[1, 0]], test_ids=["b", "a"], test=[[1.0, 0.0], [0.4, 0.6]])
    mean = ensemble.mean_of_folds(_ids(["a", "b"]), [one, two])
    assert mean == pytest.approx(np.array([[0.3, 0.7], [0.8, 0.2]]))
    assert mean.dtype == np.float64


# Four rows of two classes, two folds: rows r0 and r1 in fold 0, r2 and r3 in fold 1.
TASK = make_task([0, 1, 0, 1], classes=2, test_ids=["t0"])


def _stage(name: str, right: float, folds=(0, 1)) -> list[FoldPredictions]:
    rows = [[right, 1 - right], [1 - right, right]]
    return [_predictions(name, fold, [f"r{2 * fold}", f"r{2 * fold + 1}"], rows) for fold in folds]


def _choose(**stages) -> ensemble.Blend:
    return ensemble.choose(TASK, stages, 2, LOG_LOSS, means=list(stages))


def test_the_stage_with_the_best_out_of_fold_score_is_chosen():
    blend = _choose(s1=_stage("s1", 0.9), s2=_stage("s2", 0.7))
    assert {member.stage for member in blend.folds} == {"s1"}
    assert blend.reason == "s1 has the best out-of-fold log loss (s1 0.1054, s2 0.3567)"
    assert blend.oof[:, 0] == pytest.approx([0.9, 0.1, 0.9, 0.1])


def test_more_is_better_for_a_metric_that_is_maximised():
    stages = {"s1": _stage("s1", 0.2), "s2": _stage("s2", 0.7)}
    blend = ensemble.choose(TASK, stages, 2, metrics.get("accuracy"))
    assert {member.stage for member in blend.folds} == {"s2"}
    assert "s2 1.0000" in blend.reason


def test_a_tie_goes_to_the_later_stage():
    blend = _choose(s1=_stage("s1", 0.8), s2=_stage("s2", 0.8))
    assert {member.stage for member in blend.folds} == {"s2"}


def _of_rows(name: str, rights) -> list[FoldPredictions]:
    """The probability of the true class, row by row."""
    rows = [[right, 1 - right] if row % 2 == 0 else [1 - right, right]
            for row, right in enumerate(rights)]  # fmt: skip
    return [
        _predictions(name, fold, [f"r{2 * fold}", f"r{2 * fold + 1}"], rows[2 * fold :][:2],
                     test=[[0.4 + 0.2 * fold, 0.6 - 0.2 * fold]])
        for fold in (0, 1)
    ]  # fmt: skip


def test_stages_that_are_wrong_in_different_rows_are_better_together():
    blend = _choose(
        s1=_of_rows("s1", [0.9, 0.2, 0.9, 0.2]), s2=_of_rows("s2", [0.2, 0.9, 0.2, 0.9])
    )
    assert [(m.stage, m.fold) for m in blend.folds] == [("s1", 0), ("s1", 1), ("s2", 0), ("s2", 1)]
    assert blend.oof[:, 0] == pytest.approx([0.55, 0.45, 0.55, 0.45])
    assert blend.reason.startswith("the mean of s1 and s2 has the best out-of-fold log loss (")
    mean = ensemble.mean_of_folds(TASK.test_ids, blend.folds)
    assert mean[0, 0] == pytest.approx(np.mean([0.4, 0.6, 0.4, 0.6]))


def test_stages_stay_alone_where_the_mean_is_not_better_or_not_asked_for():
    better = _choose(s1=_of_rows("s1", [0.6] * 4), s2=_of_rows("s2", [0.8] * 4))
    assert {member.stage for member in better.folds} == {"s2"}
    assert "mean" not in better.reason
    stages = {
        "s1": _of_rows("s1", [0.9, 0.2, 0.9, 0.2]),
        "s2": _of_rows("s2", [0.3, 0.9, 0.2, 0.9]),
    }
    alone = ensemble.choose(TASK, stages, 2, LOG_LOSS, means=())
    assert {member.stage for member in alone.folds} == {"s2"}


def test_a_mean_that_wins_by_the_rows_it_was_chosen_on_is_not_taken():
    """It scores best on all rows, and choosing it on one fold loses the other."""
    stages = {
        "s1": _of_rows("s1", [0.9, 0.05, 0.05, 0.9]),
        "s2": _of_rows("s2", [0.05, 0.95, 0.9, 0.95]),
    }
    labels = np.array([0, 1, 0, 1])
    both = ensemble.out_of_fold(TASK.train_ids, [*stages["s1"], *stages["s2"]])
    second = ensemble.out_of_fold(TASK.train_ids, stages["s2"])
    assert LOG_LOSS.score(labels, both) < LOG_LOSS.score(labels, second) - 0.2
    assert {member.stage for member in _choose(**stages).folds} == {"s2"}


@given(st.permutations(range(4)), st.integers(0, 1000))
@settings(max_examples=25)
def test_means_do_not_depend_on_the_order_of_rows(order, seed):
    random = np.random.default_rng(seed)
    rights = random.uniform(0.1, 0.9, (3, 4))
    stages = {f"s{n}": _of_rows(f"s{n}", each) for n, each in enumerate(rights)}
    members = [member for stage in stages.values() for member in stage]
    mean = ensemble.out_of_fold(TASK.train_ids, members)
    shuffled = ensemble.out_of_fold(TASK.train_ids[list(order)], members[::-1])
    np.testing.assert_allclose(shuffled, mean[list(order)], atol=1e-7)
    each = [ensemble.out_of_fold(TASK.train_ids, stage) for stage in stages.values()]
    np.testing.assert_allclose(mean, np.mean(each, axis=0), atol=1e-7)


def test_a_stage_cut_short_takes_part_with_the_folds_it_has():
    blend = _choose(s1=_stage("s1", 0.7), s2=_stage("s2", 0.9, folds=[1]))
    assert [(m.stage, m.fold) for m in blend.folds] == [("s1", 0), ("s2", 1)]
    assert blend.oof[:, 0] == pytest.approx([0.7, 0.3, 0.9, 0.1])
    assert "s2 (1 of 2 folds)" in blend.reason


def test_a_stage_cut_short_that_scores_worse_takes_no_part():
    blend = _choose(s1=_stage("s1", 0.7), s2=_stage("s2", 0.4, folds=[1]), s3=[])
    assert {member.stage for member in blend.folds} == {"s1"}


def test_without_a_complete_stage_there_is_no_blend():
    with pytest.raises(RunError, match=r"complete yet.*Run the same command again"):
        _choose(s1=_stage("s1", 0.7, folds=[0]))


def test_unseen_test_rows_get_what_is_likely_of_any():
    ids, rows = ensemble.with_unseen(
        _ids(["b"]), np.array([[0.9, 0.1]]), _ids(["a", "b", "c"]), np.array([0.75, 0.25])
    )
    by_id = dict(zip(ids.tolist(), rows.tolist(), strict=True))
    assert by_id == {"a": [0.75, 0.25], "b": [0.9, 0.1], "c": [0.75, 0.25]}


def test_where_every_row_was_seen_nothing_is_added():
    ids, rows = ensemble.with_unseen(
        _ids(["b", "a"]), np.array([[0.9, 0.1], [0.3, 0.7]]), _ids(["a", "b"]), np.array([0.5, 0.5])
    )
    assert ids.tolist() == ["b", "a"]
    assert rows.tolist() == [[0.9, 0.1], [0.3, 0.7]]


def test_a_fold_is_read_back(tmp_path):
    for part, names_of in (("oof", ["r1", "r0"]), ("test", ["t1", "t0"])):
        probabilities = np.array([_row(name) for name in names_of], np.float32)
        filesystem.write_arrays(
            tmp_path / f"{part}.npz", ids=_ids(names_of), probabilities=probabilities
        )
    fold = ensemble.read_fold(tmp_path, "stage1-32", 3)
    assert (fold.stage, fold.fold) == ("stage1-32", 3)
    assert fold.oof_ids.tolist() == ["r1", "r0"]
    assert fold.test == pytest.approx(np.array([_row("t1"), _row("t0")]), rel=1e-6)
