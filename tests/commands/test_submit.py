import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.synthetic import write_blend
from support.toys import Recorder

from kaggle_prz import competitions, runs, submission
from kaggle_prz.commands import submit
from kaggle_prz.competitions import embedded
from kaggle_prz.competitions.embedded import source
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.competitions.embedded.source import EmbeddedSource
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import DataError, RunError, SubmissionError
from kaggle_prz.runs import records
from kaggle_prz.runs.records import Receipt
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.tasks import infer

SHAPES = Shapes(train=8, test=8)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("shapes") / "shapes"
    SHAPES.materialise(directory)
    return directory


@pytest.fixture
def host(monkeypatch, drawn) -> EmbeddedSource:
    """`shapes`, with few pictures, drawn before."""
    monkeypatch.setattr(source, "EMBEDDED", {**embedded.EMBEDDED, "shapes": SHAPES})
    shutil.copytree(drawn, filesystem.home() / "competitions" / "shapes")
    return EmbeddedSource("shapes")


def _begin(path, competition: str, root) -> runs.Run:
    task = infer.read(root, slug="shapes", metric="log_loss")
    recipe = Recipe(backbone="tiny", sizes=(32,), folds=2)
    runs.begin(path, competition, recipe, task, "")
    runs.write_task(path, task)
    write_blend(path, 0.54321)
    return runs.load_run(path)


def _receipt(**known) -> Receipt:
    return Receipt(**{"ref": 1, "date": "", "sha256": "0" * 64, "status": "complete"} | known)


def _predict(run: runs.Run, seed: int = 0) -> None:
    rows = np.random.default_rng(seed).dirichlet(np.ones(4), len(run.task.test_ids))
    submission.write(run.submission, run.task, run.task.test_ids, rows)


@pytest.fixture
def run(host, tmp_path) -> runs.Run:
    """A run on `shapes` with a submission that was not sent."""
    run = _begin(tmp_path / "runs" / "shapes" / "first", "shapes", host.download())
    _predict(run)
    return run


def test_the_answer_of_the_host_becomes_the_receipt(run, host):
    console = Recorder()
    receipt = submit.submit(run, console=console)
    (sent,) = host.leaderboard.submissions()
    assert receipt == run.receipt
    assert receipt.to_json() == json.loads((run.path / "receipt.json").read_text())
    assert receipt.host == "embedded"
    assert (receipt.ref, receipt.date) == (sent.ref, sent.date)
    assert receipt.sha256 == sent.sha256 == filesystem.sha256(run.submission)
    assert receipt.public_score == sent.public_score
    assert receipt.rank in {1, 2}
    assert receipt.teams == 2
    assert console.lines == [
        f"Leaderboard of shapes: public log loss {sent.public_score:.4f}, rank "
        f"{receipt.rank} of 2 (out-of-fold 0.5432)"
    ]


def test_the_private_score_is_not_shown(run, host):
    receipt = submit.submit(run)
    assert host.leaderboard.submissions()[0].private_score is not None
    assert receipt.private_score is None


@pytest.mark.parametrize(
    ("message", "described"), [("", "first: out-of-fold log loss 0.5432"), ("my try", "my try")]
)
def test_a_submission_is_described(run, host, message, described):
    submit.submit(run, message=message)
    assert host.leaderboard.submissions()[0].description == described


def test_the_same_file_is_sent_once(run, host):
    first = submit.submit(run)
    console = Recorder()
    assert submit.submit(run, console=console) == first
    assert len(host.leaderboard.submissions()) == 1
    assert console.lines[0].startswith("The same file was submitted before (")


def test_a_lost_receipt_is_found_at_the_host(run, host):
    first = submit.submit(run)
    (run.path / "receipt.json").unlink()
    assert submit.submit(run) == first
    assert run.receipt == first
    assert len(host.leaderboard.submissions()) == 1


def test_a_receipt_of_a_refused_file_does_not_count(run, host):
    records.write(
        run.path / "receipt.json",
        _receipt(sha256=filesystem.sha256(run.submission), status="error"),
    )
    assert submit.submit(run).status == "complete"
    assert len(host.leaderboard.submissions()) == 1


def test_the_same_file_can_be_sent_again_on_purpose(run, host):
    first = submit.submit(run)
    second = submit.submit(run, again=True)
    assert [sent.ref for sent in host.leaderboard.submissions()] == [2, 1]
    assert (first.ref, second.ref, run.receipt.ref) == (1, 2, 2)


def test_another_content_is_another_submission(run, host):
    submit.submit(run)
    _predict(run, seed=1)
    assert submit.submit(run).ref == 2
    assert len(host.leaderboard.submissions()) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("0.", "1.", 1),
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("id,", "Id,"),
        lambda text: "",
    ],
    ids=["a cell", "half", "a column", "all"],
)
def test_a_file_that_would_be_refused_is_never_sent(run, host, damage):
    run.submission.write_text(damage(run.submission.read_text()))
    with pytest.raises(SubmissionError, match=r"submission\.csv"):
        submit.submit(run)
    assert host.leaderboard.submissions() == []
    assert run.receipt is None


def test_the_days_limit_is_told_and_leaves_the_receipt(run, host):
    for _ in range(5):
        receipt = submit.submit(run, again=True)
    with pytest.raises(SubmissionError, match="takes 5 submissions a day"):
        submit.submit(run, again=True)
    assert run.receipt == receipt


def test_a_run_without_a_submission_is_to_be_fitted_first(run):
    run.submission.unlink()
    with pytest.raises(RunError, match=r"has no submission\.csv\. Run the fit command again"):
        submit.submit(run)


def test_a_run_at_work_is_left_alone(run, host):
    with filesystem.locked(run.path), pytest.raises(RunError, match="Another process is using"):
        submit.submit(run)
    assert host.leaderboard.submissions() == []


def test_a_local_folder_says_where_the_submission_is(host, tmp_path):
    root = host.download()
    run = _begin(tmp_path / "runs" / "shapes" / "local", str(root), root)
    _predict(run)
    with pytest.raises(SubmissionError, match=r"has no leaderboard.*submission\.csv"):
        submit.submit(run)
    assert run.receipt is None


def test_files_of_the_competition_that_are_gone_are_named(run):
    (run.task.root / "sample_submission.csv").unlink()
    with pytest.raises(DataError, match=r"sample_submission\.csv.*No such file"):
        submit.submit(run)


def test_a_worse_submission_is_not_given_the_rank_of_the_best():
    receipt = _receipt(public_score=0.5, best_public_score=0.4, rank=1, teams=2)
    run = SimpleNamespace(
        task=SimpleNamespace(slug="shapes", metric="log_loss", heads=()), score=0.45
    )
    line = submit._line(run, receipt)
    assert "public log loss 0.5000, your best 0.4000 has rank 1 of 2" in line
    assert "rank 1" in submit._line(run, receipt.model_copy(update={"public_score": 0.4}))


def test_a_changed_submission_has_a_note(run, host):
    blend = filesystem.read_json(run.path / "blend.json")
    for digest, changed in ((filesystem.sha256(run.submission), False), ("0" * 64, True)):
        filesystem.write_json(run.path / "blend.json", blend | {"submission_sha256": digest})
        console = Recorder()
        submit.submit(run, console=console)
        noted = [line for line in console.lines if "was changed after the run wrote it" in line]
        assert len(noted) == changed


def test_a_folder_keeps_no_leaderboard_and_shapes_does(host, tmp_path):
    submit.check(competitions.find("shapes"))
    with pytest.raises(SubmissionError, match="which has no leaderboard"):
        submit.check(competitions.find(f"{tmp_path}/"))
