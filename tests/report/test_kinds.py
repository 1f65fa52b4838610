"""The report of every kind of predictions: its tables against numbers worked out here."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from support.pages import Page, page_of, rows, squeezed
from support.runs_of_kinds import make_run_of

from kaggle_prz import report
from kaggle_prz.core import filesystem
from kaggle_prz.report import charts, plots
from kaggle_prz.runs.run import Run

TAGS = ("complex", "frog_eye_leaf_spot", "healthy", "rust")


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the charts, which take most of a report's time, unless a test wants them."""
    if "matplotlib_home" in request.fixturenames:
        return
    for module, names in (
        (charts, ("scores", "curves")),
        (plots, ("reliability", "agreement")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, lambda *_: "<svg></svg>")


@pytest.fixture(scope="module")
def matplotlib_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        yield


def _arrays(run: Run) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(run.task.labels), run.oof.to_numpy(np.float64, copy=True)


def test_tags_are_told_one_by_one_under_the_decision(tmp_path) -> None:
    run = make_run_of("tags", tmp_path / "first", names=TAGS, rows=150)
    labels, oof = _arrays(run)
    decision, page = run.decision, page_of(run)
    header, *told = rows(page, "tag-scores")
    assert header == ["tag", "images", "ROC AUC", "avg. precision", "threshold", "F1"]
    assert set(decision.thresholds) != {0.5}
    answers = decision.apply(oof)
    assert told == [
        [
            name,
            f"{labels[:, k].sum():.0f}",
            f"{sklearn_metrics.roc_auc_score(labels[:, k], oof[:, k]):.3f}",
            f"{sklearn_metrics.average_precision_score(labels[:, k], oof[:, k]):.3f}",
            f"{decision.thresholds[k]:g}",
            f"{sklearn_metrics.f1_score(labels[:, k], answers[:, k]):.3f}",
        ]
        for k, name in enumerate(TAGS)
    ]
    assert decision.reason in squeezed(page.text["decision"])
    right = (answers == (labels == 1)).all(axis=1)
    assert page.text["accuracy"] == f"{100 * right.mean():.1f} %"
    assert f"has {labels.sum(axis=1).mean():.2f} tags" in page.text["tags-an-image"]
    assert f"given {answers.sum(axis=1).mean():.2f}" in page.text["tags-an-image"]
    assert [cell for row in rows(page, "scores") for cell in row].count("accuracy") == 0


def test_worst_mistakes_of_tags_have_the_highest_loss(tmp_path) -> None:
    run = make_run_of("tags", tmp_path / "first", names=TAGS, rows=150)
    labels, oof = _arrays(run)
    answers = run.decision.apply(oof)
    losses = -np.log(np.where(labels == 1, oof, 1 - oof)).sum(axis=1)
    wrong = np.flatnonzero((answers != labels).any(axis=1))
    worst = wrong[np.argsort(-losses[wrong])][:12]
    text = squeezed(page_of(run).text["mistakes"])
    assert re.findall(r" (r\d+)", text) == [run.task.train_ids[row] for row in worst]
    assert re.findall(r"loss (\S+)", text) == [f"{losses[row]:.2f}" for row in worst]
    assert f"{len(wrong)} of 150 images have a wrong or missing tag out-of-fold" in text
    first = [", ".join(np.array(TAGS)[part[worst[0]] == 1]) for part in (labels, answers)]
    assert f"{first[0]} taken for {first[1] or 'no tag'} loss" in text


def test_tags_without_a_wrong_one_say_so(tmp_path) -> None:
    run = make_run_of("tags", tmp_path / "first")
    sure = np.clip(run.task.labels, 0.01, 0.99)
    filesystem.write_arrays(run.path / "oof.npz", ids=run.task.train_ids, probabilities=sure)
    assert "Every image has exactly the right tags" in page_of(run).text["mistakes"]


def test_tags_that_are_shares_are_compared_by_their_means(tmp_path) -> None:
    run = make_run_of("tags", tmp_path / "first", soft=True, cell="independent", metric="rmse")
    labels, oof = _arrays(run)
    page = page_of(run)
    _, *told = rows(page, "tag-scores")
    errors = np.sqrt(((labels - oof) ** 2).mean(axis=0))
    assert [row[3] for row in told] == [f"{error:.3f}" for error in errors]
    assert [row[1] for row in told] == [f"{mean:.3f}" for mean in labels.mean(axis=0)]
    assert "have the largest errors" in page.text["mistakes"]
    assert "decision" not in page.text


def test_a_tag_that_no_image_has_leaves_its_areas_open(tmp_path) -> None:
    labels = np.zeros((60, 3), np.float32)
    labels[::2, 0] = labels[1::2, 1] = 1
    run = make_run_of("tags", tmp_path / "first", labels=labels)
    oof = np.clip(labels, 0.1, 0.9)
    filesystem.write_arrays(run.path / "oof.npz", ids=run.task.train_ids, probabilities=oof)
    _, _, _, last = rows(page_of(run), "tag-scores")
    assert last[:4] == ["rot", "0", "–", "–"]
    assert last[5] == "–"


def test_of_many_tags_the_weakest_comes_first(tmp_path) -> None:
    names = [f"tag{k}" for k in range(21)]
    page = page_of(make_run_of("tags", tmp_path / "first", names=names, rows=84))
    _, *told = rows(page, "tag-scores")
    scores = [float(row[5]) for row in told]
    assert scores == sorted(scores)
    assert len(told) == 21
    assert "All 21 tags, the weakest first" in page.text["tags"]


def test_numbers_are_told_target_by_target(tmp_path) -> None:
    run = make_run_of("numbers", tmp_path / "first", names=("height", "area"))
    labels, oof = _arrays(run)
    page = page_of(run)
    header, *told = rows(page, "number-scores")
    assert header == ["target", "mean", "std", "RMSE", "MAE", "bias", "R²"]
    for k, row in enumerate(told):
        truth, predicted = labels[:, k], oof[:, k]
        shown = [float(cell.replace("−", "-")) for cell in row[1:]]
        assert shown == pytest.approx(
            [
                truth.mean(),
                truth.std(),
                sklearn_metrics.root_mean_squared_error(truth, predicted),
                sklearn_metrics.mean_absolute_error(truth, predicted),
                (predicted - truth).mean(),
                sklearn_metrics.r2_score(truth, predicted),
            ],
            rel=1e-3,
            abs=1e-3,
        )
    explained = sklearn_metrics.r2_score(labels, oof)
    assert page.text["explained"] == f"{100 * explained:.1f} %"


def test_worst_mistakes_of_numbers_are_furthest_off_in_their_unit(tmp_path) -> None:
    run = make_run_of("numbers", tmp_path / "first", names=("height", "area"), rows=40)
    labels, oof = _arrays(run)
    oof[:, 1] = labels[:, 1]
    oof[7] = labels[7] + [0, -90]
    filesystem.write_arrays(run.path / "oof.npz", ids=run.task.train_ids, probabilities=oof)
    text = squeezed(page_of(run).text["mistakes"])
    off = np.abs(oof - labels) / labels.std(axis=0)
    worst = np.argsort(-off.max(axis=1))[:12]
    assert worst[0] == 7
    assert re.findall(r" (r\d+)", text) == [f"r{row}" for row in worst]
    truth, said = f"{labels[7, 1]:.4g}", f"{oof[7, 1]:.4g}".replace("-", "−")
    assert f"area {truth} predicted {said} 90 too low r7" in text


def test_a_number_that_is_always_the_same_explains_nothing(tmp_path) -> None:
    labels = np.full((60, 1), 3, np.float32)
    run = make_run_of("numbers", tmp_path / "first", names=("age",), labels=labels)
    assert rows(page_of(run), "number-scores")[1][6] == "0.000"


def test_ranks_of_the_true_class(tmp_path) -> None:
    names = [f"w{k}" for k in range(12)]
    run = make_run_of(
        "classes", tmp_path / "first", names=names, cell="ranked", metric="map_at_5", most_ranked=3
    )
    labels, oof = _arrays(run)
    page = page_of(run)
    first, third = (
        sklearn_metrics.top_k_accuracy_score(labels, oof, k=k, labels=range(12)) for k in (1, 3)
    )
    text = squeezed(page.text["top-k"])
    assert f"most probable one of {100 * first:.1f} % of the images" in text
    assert f"among the first 3 of {100 * third:.1f} %" in text
    plain = make_run_of("classes", tmp_path / "second")
    assert "top-k" not in page_of(plain).text


def test_confusion_is_that_of_the_decision(tmp_path) -> None:
    run = make_run_of("classes", tmp_path / "first", names="01234", metric="quadratic_kappa")
    labels, oof = _arrays(run)
    answers, page = run.decision.apply(oof), page_of(run)
    assert (answers != oof.argmax(axis=1)).any()
    counts = sklearn_metrics.confusion_matrix(labels, answers)
    matrix = [row for row in rows(page, "confusion") if len(row) == 6][1:]
    assert [
        [int(re.match(r"\d+", cell)[0]) for cell in row[1:]] for row in matrix
    ] == counts.tolist()
    assert page.text["accuracy"] == f"{100 * (answers == labels).mean():.1f} %"
    points = ", ".join(f"{point:.3g}" for point in run.decision.cut_points)
    assert f"Cut points: {points}." in squeezed(page.text["decision"])
    bare = page_of(make_run_of("classes", tmp_path / "bare", metric="accuracy", decide=False))
    assert "the most probable class." in squeezed(bare.text["decision"])


def test_of_shares_the_largest_is_the_true_class(tmp_path) -> None:
    run = make_run_of(
        "classes", tmp_path / "first", soft=True, cell="probabilities", metric="log_loss"
    )
    labels, oof = _arrays(run)
    oof /= oof.sum(axis=1, keepdims=True)
    page = page_of(run)
    wrong = np.flatnonzero(labels.argmax(axis=1) != oof.argmax(axis=1))
    losses = -(labels * np.log(oof)).sum(axis=1)[wrong]
    text = squeezed(page.text["mistakes"])
    assert f"{len(wrong)} of 60 images are misclassified" in text
    shown = [float(loss) for loss in re.findall(r"loss (\S+)", text)]
    assert shown == pytest.approx(sorted(losses, reverse=True)[:12], abs=0.006)
    assert [row[1] for row in rows(page, "classes")[1:]] == [
        str(count) for count in np.bincount(labels.argmax(axis=1))
    ]


@pytest.mark.usefixtures("matplotlib_home")
@pytest.mark.parametrize(("kind", "names"), [("tags", TAGS), ("numbers", TAGS), ("numbers", "a")])
def test_charts_are_drawn_the_same_again(tmp_path, kind, names) -> None:
    run = make_run_of(kind, tmp_path / "first", names=names)
    html = report.write(run).read_text("utf-8")
    assert len(Page(html).images(drawn=True)) == 3
    assert report.write(run).read_text("utf-8") == html


def test_heads_are_told_one_by_one_under_the_decision(tmp_path) -> None:
    run = make_run_of("heads", tmp_path / "first", rows=120)
    labels, oof = _arrays(run)
    decision, page = run.decision, page_of(run)
    answers = decision.apply(oof)
    header, *told = rows(page, "head-scores")
    assert header == [
        "head", "classes", "weight", "balanced accuracy", "accuracy", "macro F1", "log loss",
    ]  # fmt: skip
    for k, (name, span) in enumerate((("colour", slice(0, 2)), ("shape", slice(2, 5)))):
        truth, part = labels[:, k], oof[:, span]
        expected = (
            sklearn_metrics.balanced_accuracy_score(truth, answers[:, k]),
            sklearn_metrics.accuracy_score(truth, answers[:, k]),
            sklearn_metrics.f1_score(truth, answers[:, k], average="macro"),
            sklearn_metrics.log_loss(truth, part / part.sum(axis=1, keepdims=True)),
        )
        weight = ("1", "3")[k]
        count = str(part.shape[1])
        assert told[k] == [name, count, weight, *(f"{score:.4f}" for score in expected)]
        counted = rows(page, f"classes-{k + 1}")[1:]
        assert [int(row[1]) for row in counted] == np.bincount(truth).tolist()
    scores = [float(row[3]) for row in told]
    assert float(page.text["score"]) == pytest.approx((scores[0] + 3 * scores[1]) / 4, abs=1e-4)
    right = (answers == labels).all(axis=1).mean()
    assert page.text["accuracy"] == f"{100 * right:.1f} %"
    assert decision.reason in squeezed(page.text["decision"])
    assert "accuracy" in rows(page, "scores")[0]


def test_worst_mistakes_of_heads_name_the_wrong_classes(tmp_path) -> None:
    run = make_run_of("heads", tmp_path / "first", rows=120)
    labels, oof = _arrays(run)
    answers = run.decision.apply(oof)
    losses = -np.log([row[[a, 2 + b]] for row, (a, b) in zip(oof, labels, strict=True)]).sum(axis=1)
    wrong = np.flatnonzero((answers != labels).any(axis=1))
    worst = wrong[np.argsort(-losses[wrong])][:12]
    text = squeezed(page_of(run).text["mistakes"])
    assert re.findall(r" (r\d+)", text) == [run.task.train_ids[row] for row in worst]
    assert f"{len(wrong)} of 120 images have a wrong class out-of-fold" in text
    names = [dict(enumerate(head.classes)) for head in run.task.heads]
    for row in worst[:3]:
        differ = [k for k in (0, 1) if answers[row, k] != labels[row, k]]
        true, said = (
            ", ".join(f"{run.task.heads[k].name} {names[k][part[row, k]]}" for k in differ)
            for part in (labels, answers)
        )
        assert f"{true} taken for {said} loss {losses[row]:.2f}" in text
