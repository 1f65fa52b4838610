import base64
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, recall_score
from support.pages import Page, page_of, rows, squeezed
from support.synthetic import make_run, write_receipt

from kaggle_prz import report, runs
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Silent
from kaggle_prz.core.errors import MissingExtraError, PrzError, RunError
from kaggle_prz.report import charts, plots
from kaggle_prz.runs.run import Run


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, str, Page]]:
    """A run that no test changes, its report, and the report as a tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        run = make_run(tmp_path_factory.mktemp("runs") / "first")
        html = report.write(run).read_text("utf-8")
        yield run, html, Page(html)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the charts, which take most of a report's time."""
    for module, chart in (
        *((charts, chart) for chart in ("scores", "curves")),
        *((plots, chart) for chart in ("reliability", "agreement")),
    ):
        monkeypatch.setattr(module, chart, lambda *_: "<svg></svg>")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path / "runs" / "toys" / "first")


def test_headline_has_the_run_s_scores(finished: tuple[Run, str, Page]) -> None:
    run, _, page = finished
    accuracy = (run.oof.to_numpy().argmax(axis=1) == run.task.labels).mean()

    assert page.text["score"] == f"{run.score:.4f}"
    assert page.text["accuracy"] == f"{100 * accuracy:.1f} %"
    assert "lower is better" in page.text["headline"]
    assert "0.4321" in page.text["leaderboard"]
    assert "rank 3 of 17, 2026-01-02" in squeezed(page.text["leaderboard"])


def test_tables_of_stages_and_scores_equal_the_files(finished: tuple[Run, str, Page]) -> None:
    run, _, page = finished

    header, *stages = rows(page, "stages")
    for row, stage, predicted in zip(stages, run.stages, ("10 s", "20 s"), strict=True):
        seconds = filesystem.read_json(run.path / stage.name / "stage.json")["seconds"]
        cells = dict(zip(header, row, strict=True))
        assert cells["size"] == f"{stage.image_size} px"
        assert cells["epochs"] == f"{stage.epochs:g}"
        assert cells["predicted"] == predicted
        assert {part: cells[part] for part in seconds} == {
            part: f"{value:.2f}" for part, value in seconds.items()
        }
    _, *scores = rows(page, "scores")
    assert scores == [
        [
            stage.name,
            *(f"{score:.4f}" for score in stage.fold_scores),
            f"{stage.score:.4f}",
            f"{stage.accuracy:.4f}",
        ]
        for stage in run.blend.stages
    ]
    assert run.blend.reason in squeezed(page.text["scores"])


@pytest.mark.usefixtures("undrawn")
def test_evidence_warnings_and_decisions_are_told(tmp_path: Path) -> None:
    run = make_run(tmp_path / "first")
    facts = filesystem.read_json(run.path / "task.json")
    filesystem.write_json(run.path / "task.json", facts | {"warnings": ["2 rows have no image."]})
    run = runs.load_run(run.path)
    page = page_of(run)

    _, *told = rows(page, "task")
    assert told == [[item.name, item.value, item.rule] for item in run.task.evidence]
    assert page.text["warnings"].strip() == "2 rows have no image."
    decided = filesystem.read_json(run.path / "stage1-32" / "stage.json")["decisions"]
    assert [line for line in page.text["decisions"].split("\n") if line] == decided


@pytest.mark.usefixtures("undrawn")
def test_a_decision_of_one_stage_names_the_stage(run: Run) -> None:
    file = run.path / "stage2-48" / "stage.json"
    facts = filesystem.read_json(file)
    filesystem.write_json(file, facts | {"decisions": [*facts["decisions"], "batch: halved"]})

    assert "batch: halved (stage 2)" in page_of(run).text["decisions"]


def test_confusion_and_classes_equal_sklearn_s(finished: tuple[Run, str, Page]) -> None:
    run, _, page = finished
    predicted = run.oof.to_numpy().argmax(axis=1)
    counts = confusion_matrix(run.task.labels, predicted)
    recall = recall_score(run.task.labels, predicted, average=None)

    _, *matrix = [row for row in rows(page, "confusion") if len(row) == 4][:4]
    shown = [[int(re.match(r"\d+", cell)[0]) for cell in row[1:]] for row in matrix]
    assert shown == counts.tolist()
    share = counts[0, 0] / counts[0].sum()
    assert matrix[0][1] == f"{counts[0, 0]} {100 * share:.0f} %"
    _, *classes = rows(page, "classes")
    assert [row[0] for row in classes] == list(run.task.classes)
    assert [row[1] for row in classes] == [str(count) for count in counts.sum(axis=1)]
    assert [row[2] for row in classes] == [f"{value:.3f}" for value in recall]


def test_oof_is_joined_by_id(run: Run, finished: tuple[Run, str, Page]) -> None:
    arrays = filesystem.read_arrays(run.path / "oof.npz")
    turned = {name: array[::-1] for name, array in arrays.items()}
    filesystem.write_arrays(run.path / "oof.npz", **turned)

    assert report.write(run).read_text("utf-8") == finished[1]


@pytest.mark.usefixtures("undrawn")
def test_many_classes_are_shown_as_pairs(tmp_path: Path) -> None:
    classes = [f"breed {number:02d}" for number in range(21)]
    run = make_run(tmp_path / "first", classes=classes, rows_a_class=4, groups=False, stages=1)
    page = page_of(run)
    names = np.array(classes)
    wrong = Counter(
        (names[true], names[predicted])
        for true, predicted in zip(run.task.labels, run.oof.to_numpy().argmax(axis=1), strict=True)
        if true != predicted
    )

    assert not any("matrix" in (attrs.get("class") or "") for _, attrs in page.tags)
    _, *pairs = rows(page, "pairs")
    assert [int(row[2]) for row in pairs] == sorted(wrong.values(), reverse=True)[:15]
    assert all(wrong[row[0], row[1]] == int(row[2]) for row in pairs)
    _, *shown = rows(page, "classes")
    recalls = [float(row[2]) for row in shown]
    assert recalls == sorted(recalls)
    assert len(shown) == 21


def test_worst_mistakes_come_first_and_are_mistakes(finished: tuple[Run, str, Page]) -> None:
    run, _, page = finished
    oof, labels = run.oof.to_numpy(np.float64), run.task.labels
    losses = -np.log(oof[np.arange(len(labels)), labels] / oof.sum(axis=1))
    wrong = np.flatnonzero(oof.argmax(axis=1) != labels)
    expected = wrong[np.argsort(-losses[wrong])][:12]

    text = squeezed(page.text["mistakes"])
    assert re.findall(r"toy_\d+", text) == [str(run.task.train_ids[row]) for row in expected]
    assert re.findall(r"loss (\d+\.\d+)", text) == [f"{losses[row]:.2f}" for row in expected]
    first, names = expected[0], run.task.classes
    top = 100 * oof[first].max() / oof[first].sum()
    assert (f"{names[labels[first]]} taken for {names[oof[first].argmax()]} {top:.1f} %") in text
    pictures = [attrs["src"] for attrs in page.images(drawn=False)]
    assert len(pictures) == len(expected)
    assert all(source.startswith("data:image/jpeg;base64,") for source in pictures)


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_mistakes_says_so(run: Run) -> None:
    sure = np.eye(len(run.task.classes))[run.task.labels] * 0.9 + 0.03
    filesystem.write_arrays(run.path / "oof.npz", ids=run.task.train_ids, probabilities=sure)

    assert "No image is misclassified" in page_of(run).text["mistakes"]


@pytest.mark.usefixtures("undrawn")
def test_images_that_cannot_be_shown_are_named(run: Run, finished: tuple[Run, str, Page]) -> None:
    shown = [attrs["alt"] for attrs in finished[2].images(drawn=False)]
    gone, damaged = (run.task.root / "train" / f"{name}.png" for name in shown[:2])
    gone.unlink()
    damaged.write_bytes(b"no image")
    page = page_of(run)

    for name in shown[:2]:
        assert f"train/{name}.png cannot be shown" in page.text["mistakes"]
    assert [attrs["alt"] for attrs in page.images(drawn=False)] == shown[2:]


@pytest.mark.usefixtures("undrawn")
def test_markup_in_names_stays_text(tmp_path: Path) -> None:
    classes = ("<b>bold</b>", 'a"quote', "it's & that")
    run = make_run(tmp_path / "first", classes=classes, groups=False, id_prefix="i\"<i>&'")
    filesystem.write_json(run.path / "environment.json", {"gpu": "<script>alert(1)</script>"})
    page = page_of(run)

    _, *shown = rows(page, "classes")
    assert [row[0] for row in shown] == list(classes)
    assert "i\"<i>&'_0" in page.text["mistakes"]
    assert rows(page, "versions") == [["gpu", "<script>alert(1)</script>"]]
    assert {"script", "i"}.isdisjoint(tag for tag, _ in page.tags)


def test_the_share_of_every_device(tmp_path: Path) -> None:
    run = make_run(tmp_path / "first")
    filesystem.write_json(run.path / "environment.json", {"devices": "GPU 0, GPU 1"})
    for stage, (first, second) in zip(run.stages, [(30.0, 10.0), (30.0, 30.0)], strict=False):
        file = run.path / stage.name / "stage.json"
        devices = {"GPU 0": first, "GPU 1": second}
        filesystem.write_json(file, filesystem.read_json(file) | {"devices": devices})
    shares = "GPU 0 (60% of the time), GPU 1 (40% of the time)"
    assert ["devices", shares] in rows(page_of(run), "versions")


def test_a_stage_with_some_of_its_folds(tmp_path: Path) -> None:
    run = make_run(tmp_path / "first", last_stage_folds=1)
    page = page_of(run)

    _, whole, partial = rows(page, "scores")
    assert partial[2:] == ["–", "–", "–", "–"]
    assert partial[1] == f"{run.blend.stages[1].fold_scores[0]:.4f}"
    marked = [
        [fold for fold, kind in enumerate(kinds[1:4]) if "sent" in kind]
        for kinds in page.classes_of_cells["scores"][1:]
    ]
    assert marked == [
        [member.fold for member in run.blend.members if member.stage == name]
        for name in (whole[0], partial[0])
    ]
    assert sum(map(len, marked)) == 3


@pytest.mark.usefixtures("undrawn")
def test_a_run_that_was_not_submitted(tmp_path: Path) -> None:
    page = page_of(make_run(tmp_path / "first", receipt=False))

    assert "leaderboard" not in page.text[""]
    assert "submitted" not in page.text
    assert "sha256" in page.text


@pytest.mark.usefixtures("undrawn")
def test_a_refused_submission_has_no_rank(run: Run) -> None:
    write_receipt(run, public_score=None, rank=None)

    shown = page_of(run).text["leaderboard"]
    assert "–" in shown
    assert "rank" not in shown


@pytest.mark.usefixtures("undrawn")
def test_a_changed_submission_is_told_from_the_one_sent(
    run: Run, finished: tuple[Run, str, Page]
) -> None:
    assert "the same file" in finished[2].text["submitted"]
    write_receipt(run, sha256="ab" * 32)
    assert "another file" in page_of(run).text["submitted"]


@pytest.mark.parametrize("folds_with_history", [0, 1])
def test_folds_of_which_only_the_head_was_fitted(tmp_path: Path, folds_with_history: int) -> None:
    page = page_of(make_run(tmp_path / "first", folds_with_history=folds_with_history))

    assert ("Nothing was fine-tuned" in page.text["curves"]) == (folds_with_history == 0)


def test_a_stage_whose_times_are_not_known(run: Run) -> None:
    (run.path / "stage2-48" / "stage.json").unlink()
    plan = filesystem.read_json(run.path / "plan.json")
    filesystem.write_json(run.path / "plan.json", plan | {"predicted_seconds": None})
    header, first, second = rows(page_of(run), "stages")

    assert first[header.index("took")] == "14 s"
    assert second[header.index("predicted") :] == ["–"] * 7


@pytest.mark.usefixtures("undrawn")
def test_an_unfinished_run_says_so(run: Run, finished: tuple[Run, str, Page]) -> None:
    assert "not finished" not in finished[2].text["headline"]
    plan = filesystem.read_json(run.path / "plan.json")
    filesystem.write_json(run.path / "plan.json", plan | {"complete": False})
    assert "not finished" in page_of(run).text["headline"]


@pytest.mark.usefixtures("finished", "undrawn")
def test_trust_says_what_was_checked(finished: tuple[Run, str, Page], tmp_path: Path) -> None:
    run, _, page = finished

    trusted = squeezed(page.text["trust"])
    assert "6 finished folds (of all stages)" in trusted
    assert "saw the image or another of its group" in trusted
    assert page.text["sha256"] == filesystem.sha256(run.submission)
    _, *folds = rows(page, "folds")
    assert sum(int(row[1]) for row in folds) == len(run.task.train_ids)
    assert sum(int(row[2]) for row in folds) == len(set(run.task.groups.tolist()))
    alone = page_of(make_run(tmp_path / "alone", groups=False))
    assert "group" not in squeezed(alone.text["trust"])


@pytest.mark.usefixtures("undrawn")
def test_leaks_are_not_passed_over(tmp_path: Path) -> None:
    page = page_of(make_run(tmp_path / "first", redraw_folds=True))

    assert "cannot be trusted" in page.text["headline"]
    assert "were trained on in this stage or before" in page.text["findings"]
    assert "no out-of-fold prediction comes from" not in squeezed(page.text["trust"])


def test_calibration_error_is_that_of_the_bins(finished: tuple[Run, str, Page]) -> None:
    run, _, page = finished
    oof = run.oof.to_numpy(np.float64)
    oof = oof / oof.sum(axis=1, keepdims=True)
    top, right = oof.max(axis=1), oof.argmax(axis=1) == run.task.labels
    bins = np.clip(np.ceil(top * 10) - 1, 0, 9)
    error = sum(abs(top[bins == at].sum() - right[bins == at].sum()) for at in range(10)) / len(top)

    assert f"expected calibration error {error:.3f}" in squeezed(page.text["calibration"])


def test_the_page_needs_nothing_from_elsewhere(finished: tuple[Run, str, Page]) -> None:
    _, html, page = finished

    assert not re.search(r"https?://|//fonts|@import|url\((?!#)", html)
    links = [
        value
        for _, attrs in page.tags
        for name, value in attrs.items()
        if name in ("src", "href", "xlink:href", "srcset", "data")
    ]
    assert links
    assert all(value.startswith(("#", "data:image/")) for value in links)
    targets = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert {value[1:] for value in links if value.startswith("#")} <= targets
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_charts_are_images_without_a_background(finished: tuple[Run, str, Page]) -> None:
    sources = [str(attrs["src"]).split(",") for attrs in finished[2].images(drawn=True)]

    assert [kind for kind, _ in sources] == ["data:image/svg+xml;base64"] * 3
    for _, content in sources:
        chart = base64.b64decode(content).decode()
        assert "</svg>" in chart
        assert not re.search(r"fill: #(fff|ffffff|000|000000)\b", chart)


def test_the_same_run_gives_the_same_bytes(run: Run, finished: tuple[Run, str, Page]) -> None:
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 20}):
        assert report.write(runs.load_run(run.path)).read_text("utf-8") == finished[1]


@pytest.mark.usefixtures("undrawn")
def test_the_loss_of_a_certain_mistake_is_finite(run: Run) -> None:
    certain = np.eye(len(run.task.classes))[(run.task.labels + 1) % 3]
    filesystem.write_arrays(run.path / "oof.npz", ids=run.task.train_ids, probabilities=certain)

    losses = re.findall(r"loss (\S+)", page_of(run).text["mistakes"])
    assert losses == [f"{-np.log(1e-15):.2f}"] * 12


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_without_the_extra_the_install_line_is_said(
    run: Run, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    heard = Heard()

    assert report.write_if_possible(run, heard) is None
    assert heard.lines == [
        f"The report needs the package {missing}, which is not installed. "
        "Install it with: pip install 'kaggle-prz[report]'"
    ]
    assert not run.report.exists()
    with pytest.raises(MissingExtraError, match=missing):
        report.write(run)


@pytest.mark.usefixtures("undrawn")
def test_with_the_extra_the_path_is_said(run: Run) -> None:
    heard = Heard()

    assert report.write_if_possible(run, heard) == run.report
    assert heard.lines == [f"Report: {run.report}"]
    assert run.report.is_file()


@pytest.mark.parametrize("file", ["oof.npz", "folds.csv", "blend.json", "plan.json"])
def test_a_missing_file_is_an_error_that_names_it(run: Run, file: str) -> None:
    (run.path / file).unlink()

    with pytest.raises(RunError, match=re.escape(file)):
        report.write_if_possible(run, Silent())
    assert not run.report.exists()


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_fold_file_is_named(run: Run) -> None:
    (run.path / "folds.csv").write_text("x\n")

    with pytest.raises(RunError, match=r"folds\.csv does not have the 3 folds"):
        report.write(run)


@pytest.mark.usefixtures("undrawn")
def test_a_stage_may_lack_seconds(run: Run) -> None:
    (run.path / "stage1-32" / "stage.json").write_text("{}")

    assert "0.00" in report.write(run).read_text("utf-8")


def test_predictions_without_a_training_row_are_refused(run: Run) -> None:
    arrays = filesystem.read_arrays(run.path / "oof.npz")
    filesystem.write_arrays(run.path / "oof.npz", **{key: a[1:] for key, a in arrays.items()})

    with pytest.raises(RunError, match=r"lacks 1 of 36 training rows \('toy_000'\)"):
        report.write(run)


def test_scores_older_than_the_sealed_folds_are_refused(run: Run) -> None:
    shutil.rmtree(run.path / "stage2-48" / "fold2")

    with pytest.raises(PrzError, match="blends again"):
        report.write(run)
