"""A run's submission to Kaggle, from validation to rank; and the leaderboard on the terminal."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from support.synthetic import write_blend
from support.toys import Recorder

from kaggle_prz import competitions, runs, submission
from kaggle_prz.commands import cli, submit
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.competitions.kaggle import client, submissions
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import SubmissionError
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.tasks import infer

SHAPES = Shapes(train=8, test=8)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("drawn")
    SHAPES.materialise(place / "files")
    truth = SHAPES.answers()
    rows = np.eye(len(truth.classes))[truth.labels]
    with (place / "answers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *truth.classes])
        writer.writerows([name, *row] for name, row in zip(truth.ids, rows, strict=True))
    return place


@pytest.fixture
def kaggle(world, drawn):
    teams = [{"teamName": f"T{n}", "score": 1 + n / 100} for n in range(60)]
    world.files = drawn / "files"
    world.change(answers=str(drawn / "answers.csv"), metric="log_loss", maximize=False, teams=teams)
    return world


@pytest.fixture
def run(kaggle, tmp_path) -> runs.Run:
    root = competitions.find(kaggle.slug).download()
    task = infer.read(root, slug=kaggle.slug, metric="log_loss")
    path = tmp_path / "runs" / kaggle.slug / "first"
    runs.begin(path, kaggle.slug, Recipe(backbone="tiny", sizes=(32,), folds=2), task, "")
    runs.write_task(path, task)
    write_blend(path, 0.54321)
    made = runs.load_run(path)
    rows = np.random.default_rng(0).dirichlet(np.ones(4), len(task.test_ids))
    submission.write(made.submission, task, task.test_ids, rows)
    return made


def test_a_run_is_submitted_scored_and_ranked(run, kaggle):
    console = Recorder()
    receipt = submit.submit(run, console=console)
    (made,) = kaggle.submissions()
    assert receipt.to_json() == json.loads((run.path / "receipt.json").read_text())
    assert (receipt.host, receipt.status, receipt.ref) == (
        "kaggle",
        "complete",
        made["ref"],
    )
    assert receipt.public_score == pytest.approx(made["public"], abs=1e-5)
    assert receipt.teams == 61
    assert receipt.percentile == pytest.approx(100 * receipt.rank / 61)
    assert f"rank {receipt.rank} of 61 (top " in console.lines[-1]
    assert console.lines[-1].endswith("(out-of-fold 0.5432)")
    assert made["description"].startswith("first: out-of-fold log loss 0.5432 [prz ")


def test_a_receipt_names_no_account(run, kaggle):
    submit.submit(run)
    kept = [path for path in run.path.rglob("*") if path.is_file()]
    kept += [path for path in filesystem.home().rglob("*.json") if path.is_file()]
    assert len(kept) > 3
    for path in kept:
        text = path.read_bytes()
        assert not any(secret.encode() in text for secret in kaggle.server.account.values()), path


def test_it_is_submitted_once(run, kaggle):
    first = submit.submit(run)
    console = Recorder()
    assert submit.submit(run, console=console) == first
    (run.path / "receipt.json").unlink()
    assert submit.submit(run).ref == first.ref
    assert len(kaggle.submissions()) == 1
    assert console.lines[0].startswith("The same file was submitted before (")
    assert submit.submit(run, again=True).ref != first.ref
    assert len(kaggle.submissions()) == 2


@pytest.mark.parametrize("again", [False, True])
def test_an_interrupted_wait_is_gone_on_with(run, kaggle, monkeypatch, again):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(submissions, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            submit.submit(run)
    assert run.receipt.status == "pending"
    console = Recorder()
    receipt = submit.submit(run, again=again, console=console)
    assert receipt.status == "complete"
    assert len(kaggle.submissions()) == 1
    assert "is pending" in console.lines[0]


def test_a_refusal_after_a_while_is_told_and_kept(run, kaggle):
    kaggle.server.faults.add(
        "GetSubmission", "answer", content={"status": "ERROR", "errorDescription": "Wrong ids."}
    )
    with pytest.raises(SubmissionError, match=r"was refused by '.*': Wrong ids\."):
        submit.submit(run)
    assert (run.receipt.status, run.receipt.error) == ("error", "Wrong ids.")


def test_a_leaderboard_that_is_away_leaves_the_score(run, kaggle):
    kaggle.server.faults.add("GetLeaderboard", 503, times=0)
    console = Recorder()
    receipt = submit.submit(run, console=console)
    assert receipt.public_score is not None
    assert receipt.rank is None
    assert "Note: Reading the leaderboard" in console.lines[-2]
    assert "not on the leaderboard yet" in console.lines[-1]


def test_a_competition_that_is_closed_is_told_before_anything_is_trained(kaggle):
    submit.check(competitions.find(kaggle.slug))
    assert not kaggle.requests("GetLeaderboard")
    kaggle.change(submissionsDisabled=True)
    kaggle.again()
    (filesystem.home() / "kaggle" / kaggle.slug / "facts.json").unlink()
    with pytest.raises(SubmissionError, match=r"takes no submissions at the moment.*without --sub"):
        submit.check(competitions.find(kaggle.slug))


def test_a_code_competition_names_the_way(run, kaggle):
    kaggle.change(isKernelsSubmissionsOnly=True)
    with pytest.raises(SubmissionError, match="kaggle-prz kernel push RUN --submit"):
        submit.submit(run)


@pytest.mark.parametrize("page", [100, 7])
def test_the_own_row_is_called_as_on_every_host(run, kaggle, monkeypatch, page):
    monkeypatch.setattr(client, "_PAGE", page)
    receipt = submit.submit(run)
    standings = kaggle.source.standings()
    assert [row.rank for row in standings] == list(range(1, 62))
    assert [row.rank for row in standings if row.team == competitions.TEAM] == [receipt.rank]
    assert len(kaggle.requests("DownloadLeaderboard")) == (0 if page == 100 else 2)
    assert not any(row.team == kaggle.server.account["username"] for row in standings)


def test_a_namesake_is_not_taken_for_the_team(run, kaggle):
    name = kaggle.server.account["username"]
    kaggle.change(teams=[{"teamName": name, "score": 0.001}])
    submit.submit(run)
    assert sum(row.team == competitions.TEAM for row in kaggle.source.standings()) == 1


def test_the_private_leaderboard_comes_at_the_end(kaggle):
    with pytest.raises(SubmissionError, match="is hidden until the competition is over"):
        kaggle.source.standings(private=True)
    kaggle.change(deadline="2020-01-01T00:00:00Z", teams=[{"teamName": "A", "score": 1.0}])
    (kaggle_facts,) = filesystem.home().rglob("facts.json")
    kaggle_facts.unlink()
    assert len(kaggle.source.standings(private=True)) == 1


def test_the_terminal_shows_the_top_and_the_neighbours(run, kaggle, capsys):
    kaggle.change(teams=[{"teamName": f"T{n}", "score": n / 10} for n in range(60)])
    rank = submit.submit(run).rank
    assert 14 < rank < 57
    cli.main(["leaderboard", "--competition", kaggle.slug])
    out = capsys.readouterr().out
    cells = [line.split() for line in out.splitlines()]
    ranks = [int(row[0]) for row in cells if row and row[0].isdigit() and "." in row[2]]
    assert ranks == [*range(1, 11), *range(rank - 3, rank + 4)]
    assert "…" in out
    assert f"61 teams; you are in the top {100 * rank / 61:.1f} %" in out


def test_a_host_that_is_away_is_one_sentence(kaggle, capsys):
    kaggle.server.faults.add("*", 503, times=0)
    with pytest.raises(SystemExit) as caught:
        cli.main(["leaderboard", "--competition", kaggle.slug])
    assert caught.value.code == 1
    err = capsys.readouterr().err
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
