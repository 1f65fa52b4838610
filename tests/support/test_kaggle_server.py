"""The official client, as a library and as a command, against the loopback Kaggle."""

import csv
import io
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import pytest
import requests
from support.kaggle_server import grading

pytestmark = pytest.mark.full

SLUG = "leaf-or-needle"
ROWS = {f"img_{number:02d}": ("leaf", "needle")[number % 2] for number in range(20)}


def sheet(rows: dict[str, str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "label"), *rows.items()])
    return text.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    root = tmp_path / "files"
    (root / "train").mkdir(parents=True)
    (root / "sample_submission.csv").write_text(sheet(dict.fromkeys(ROWS, "leaf")))
    (root / "train" / "a.png").write_bytes(bytes(range(256)) * 40)
    return root


@pytest.fixture
def kaggle(loopback, files, tmp_path):
    answers = tmp_path / "answers.csv"
    answers.write_text(sheet(ROWS))
    loopback.competition(
        SLUG,
        files,
        title="Leaf or needle",
        answers=answers,
        metric="accuracy",
        evaluationMetric="Categorization Accuracy",
        maxDailySubmissions=3,
        teams=[{"teamName": "Ann", "score": 0.9}, {"teamName": "Bob", "score": 0.2}],
    )
    return loopback


def submission(tmp_path: Path, rows: dict[str, str]) -> Path:
    path = tmp_path / "submission.csv"
    path.write_text(sheet(rows))
    return path


def scored(kaggle, api, ref: int):
    def ready():
        found = {each.ref: each for each in api.competition_submissions(SLUG)}[ref]
        return found if found.status.name != "PENDING" else None

    return kaggle.until(ready)


def test_competitions_and_their_files(kaggle):
    api = kaggle.api()
    (found,) = api.competitions_list(search="needle").competitions
    assert found.url.endswith(SLUG)
    assert (found.evaluation_metric, found.max_daily_submissions) == ("Categorization Accuracy", 3)
    assert not api.competitions_list(search="bark").competitions
    listed = api.competition_list_files(SLUG)
    assert {each.name: each.total_bytes for each in listed.files}["train/a.png"] == 10240
    first = api.competition_list_files(SLUG, page_size=1)
    rest = api.competition_list_files(SLUG, page_token=first.next_page_token, page_size=1)
    assert [each.name for each in (*first.files, *rest.files)] == [e.name for e in listed.files]


@pytest.mark.parametrize("by", ["key", "token"])
def test_downloads(kaggle, files, tmp_path, by):
    api = kaggle.api(by)
    api.competition_download_files(SLUG, path=str(tmp_path / "all"))
    with zipfile.ZipFile(tmp_path / "all" / f"{SLUG}.zip") as packed:
        assert packed.read("train/a.png") == (files / "train/a.png").read_bytes()
    api.competition_download_file(SLUG, "train/a.png", path=str(tmp_path / "one"), quiet=True)
    (one,) = (tmp_path / "one").rglob("a.png")  # in its folder from client 2.2.5 on
    assert one.stat().st_size == 10240
    downloads = kaggle.requests("download")
    assert [each["authorization"] for each in downloads] == [None, None]
    assert {each["host"].split(":")[0] for each in downloads} == {"localhost"}


def test_a_submission_gets_its_score(kaggle, tmp_path):
    api = kaggle.api()
    rows = dict(ROWS)
    rows["img_00"] = "needle"
    answer = api.competition_submit(str(submission(tmp_path, rows)), "one wrong", SLUG, quiet=True)
    assert answer.ref
    entry = scored(kaggle, api, answer.ref)
    assert entry.status.name == "COMPLETE"
    kaggle.control("competition", slug=SLUG, deadline="2020-01-01T00:00:00Z")
    over = scored(kaggle, api, answer.ref)
    assert entry.private_score == ""
    scores = [float(over.public_score), float(over.private_score)]
    assert 1.0 in scores
    assert 0.5 < min(scores) < 1


def test_the_reason_of_an_error(kaggle, tmp_path):
    api = kaggle.api()
    path = submission(tmp_path, {**ROWS, "img_03": "bark"})
    answer = api.competition_submit(str(path), "", SLUG, quiet=True)
    entry = scored(kaggle, api, answer.ref)
    assert entry.status.name == "ERROR"
    assert "'bark' is unknown" in entry.error_description


def test_limits_of_a_day(kaggle, tmp_path):
    api = kaggle.api()
    path = str(submission(tmp_path, ROWS))
    for _ in range(3):
        api.competition_submit(path, "", SLUG, quiet=True)
    assert api.competition_get_submission_limits(SLUG).num_allowed_now == 0
    with pytest.raises(requests.HTTPError, match="3 submissions of today") as caught:
        api.competition_submit(path, "", SLUG, quiet=True)
    assert caught.value.response.status_code == 400
    assert len(kaggle.requests("CreateSubmission")) == 3
    kaggle.settings(clock_seconds=86400)
    assert api.competition_get_submission_limits(SLUG).num_allowed_now == 3


def test_the_leaderboard(kaggle, tmp_path):
    api = kaggle.api()
    answer = api.competition_submit(str(submission(tmp_path, ROWS)), "", SLUG, quiet=True)
    scored(kaggle, api, answer.ref)
    rows = api.competition_leaderboard_view(SLUG)
    assert [each.team_name for each in rows] == ["loopback-user", "Ann", "Bob"]
    assert [each.score for each in rows] == ["1.00000", "0.90000", "0.20000"]
    (found,) = api.competitions_list().competitions
    assert found.user_rank == 1


def test_the_command_line(kaggle, tmp_path):
    listed = kaggle.cli("competitions", "list", "-v")
    assert SLUG in listed.stdout, listed.stderr
    assert "train/a.png" in kaggle.cli("competitions", "files", SLUG, "-v").stdout
    kaggle.cli("competitions", "download", SLUG, "-p", tmp_path / "down", "-q")
    assert zipfile.is_zipfile(tmp_path / "down" / f"{SLUG}.zip")
    path = submission(tmp_path, ROWS)
    sent = kaggle.cli("competitions", "submit", SLUG, "-f", path, "-m", "by hand")
    assert "Successfully submitted to Leaf or needle" in sent.stdout
    assert "2 submissions remaining today" in sent.stdout
    (entry,) = kaggle.api().competition_submissions(SLUG)
    scored(kaggle, kaggle.api(), entry.ref)
    assert "COMPLETE,1.00000," in kaggle.cli("competitions", "submissions", SLUG, "-v").stdout
    board = kaggle.cli("competitions", "leaderboard", SLUG, "--show", "-v").stdout
    assert "loopback-user" in board
    assert not [e for e in kaggle.requests("download") if e["authorization"]]


def test_a_leaderboard_is_downloaded_and_a_file_comes_as_a_zip(kaggle, tmp_path):
    api = kaggle.api()
    api.competition_leaderboard_download(SLUG, str(tmp_path / "board"))
    with zipfile.ZipFile(tmp_path / "board" / f"{SLUG}.zip") as packed:
        (name,) = packed.namelist()
        assert b"1,1,Ann," in packed.read(name)
    kaggle.control("competition", slug=SLUG, zipped=["sample_submission.csv"])
    api.competition_download_file(SLUG, "sample_submission.csv", path=str(tmp_path / "one"))
    with zipfile.ZipFile(tmp_path / "one" / "sample_submission.csv.zip") as packed:
        assert packed.namelist() == ["sample_submission.csv"]


def test_a_drawn_competition_keeps_its_grader(loopback, drawn, tmp_path):
    slug = "petfinder-pawpularity-score"
    made = drawn(slug)
    loopback.drawn(made, slug)
    path = tmp_path / "submission.csv"
    path.write_text(made.answers)
    api = loopback.api()
    api.competition_submit(str(path), "", slug, quiet=True)
    done = loopback.until(
        lambda: [e for e in api.competition_submissions(slug) if e.status.name != "PENDING"]
    )
    assert [each.public_score for each in done] == [f"{made.perfect:.5f}"]


@pytest.mark.parametrize(
    ("metric", "cells", "perfect"),
    [
        ("accuracy", ["a", "b", "a", "b"], 1.0),
        ("macro_f1", ["a", "b", "a", "b"], 1.0),
        ("kappa", ["0", "2", "1", "0"], 1.0),
        ("auc", ["0", "1", "1", "0"], 1.0),
        ("auc", ["0,1", "1,0", "1,0", "0,1"], 1.0),
        ("log_loss", ["0,1", "1,0", "1,0", "0,1"], 0.0),
        ("rmse", ["0.5", "3", "1", "2"], 0.0),
        ("mean_f1", ["a b", "b", "a", "c"], 1.0),
        ("map@3", ["a", "b", "a", "c"], 1.0),
    ],
)
def test_the_answers_have_a_perfect_score(tmp_path, metric, cells, perfect):
    header = ["id", *("xyz"[: cells[0].count(",") + 1])]
    usage = ["Public", "Public", "Private", "Private"]
    lines = [f"{number},{cell}" for number, cell in enumerate(cells)]
    path, answers = tmp_path / "submission.csv", tmp_path / "answers.csv"
    path.write_text("\n".join([",".join(header), *lines]) + "\n")
    whole = [f"{line},{half}" for line, half in zip(lines, usage, strict=True)]
    answers.write_text("\n".join([",".join([*header, "Usage"]), *whole]) + "\n")
    competition = {"slug": str(tmp_path), "grader": None, "metric": metric, "public": 0.5}
    found = grading.scores({**competition, "answers": answers}, path)
    assert found == pytest.approx((perfect, perfect), abs=1e-9)


def test_strangers_are_refused(kaggle):
    kaggle.account["key"] = "0" * 32
    with pytest.raises(requests.HTTPError) as caught:
        kaggle.api().competition_list_files(SLUG)
    assert caught.value.response.status_code == 401


def test_rules_that_are_not_accepted(kaggle, tmp_path):
    kaggle.control("competition", slug=SLUG, rulesAccepted=False)
    with pytest.raises(requests.HTTPError, match="accept this competition's rules") as caught:
        kaggle.api().competition_download_files(SLUG, path=str(tmp_path))
    assert caught.value.response.status_code == 403


def test_a_server_ends_with_the_test_that_began_it(tmp_path):
    text = f"""
        import os
        from pathlib import Path
        from support.kaggle_server.fixtures import Loopback
        print(Loopback(Path({str(tmp_path / "state")!r})).pid, flush=True)
        os._exit(1)
    """
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", textwrap.dedent(text)]
    begun = subprocess.run(
        command, cwd=tests, capture_output=True, text=True, timeout=60, check=False
    )
    pid = int(begun.stdout)
    end = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_state_outlives_the_process(kaggle, tmp_path):
    kaggle.control("competition", slug=SLUG, grader="os.path:getsize")
    kaggle.settings(scoring_seconds=1.0)
    api, path = kaggle.api(), submission(tmp_path, ROWS)
    answer = api.competition_submit(str(path), "", SLUG, quiet=True)
    kaggle.stop()
    kaggle.start()
    assert float(scored(kaggle, api, answer.ref).public_score) == path.stat().st_size
