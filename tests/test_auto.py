import itertools
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import make_run

from kaggle_prz import auto, backbones, hosts, offline, runs, workdir
from kaggle_prz.errors import DataError, LimitReachedError, RunError, SubmissionError, UsageError
from kaggle_prz.hosts import embedded
from kaggle_prz.journal import Journal
from kaggle_prz.offline.shapes import Shapes
from kaggle_prz.receipts import Receipt


class Heard:
    def __init__(self):
        self.lines, self.rows = [], []

    def say(self, text):
        self.lines.append(text)

    def table(self, title, columns, rows):
        self.rows = [list(row) for row in rows]


class Fits:
    """Makes runs without training, of the scores that are asked for; lower is better."""

    def __init__(self, place: Path, scores, monkeypatch):
        self.calls, self._place, self._scores = [], place, iter(scores)
        self._named = {}
        monkeypatch.setattr(runs.Run, "score", property(lambda run: self._named[run.path.name]))

    def __call__(self, competition, *, console, output_dir, **options):
        self.calls.append(options)
        score = next(self._scores)
        if isinstance(score, BaseException):
            raise score
        name = f"run{len(self._named) + 1}"
        run = make_run(self._place / name, receipt=False)
        self._named[run.path.name] = score
        return run


class Sends:
    def __init__(self, *answers):
        self.runs, self._answers = [], itertools.chain(answers, itertools.repeat(0.3))

    def __call__(self, run, *, console):
        answer = next(self._answers)
        if isinstance(answer, BaseException):
            raise answer
        self.runs.append(run.path.name)
        return Receipt(ref=1, date="", sha256="", status="complete", public_score=answer)


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """Call `auto` with runs of given scores; every call goes on in the same directory."""

    def call(scores, send=None, **options):
        fits, sends, heard = Fits(tmp_path / "made", scores, monkeypatch), send or Sends(), Heard()
        fits._named |= call.named
        try:
            best = auto.auto(
                "shapes", output_dir=tmp_path, fit=fits, submit=sends, console=heard, **options
            )
        finally:
            call.named |= fits._named
        return best, fits, sends, heard

    call.named = {}
    return call


def _events(tmp_path):
    return [event["event"] for event in Journal(tmp_path / "shapes" / "auto" / "journal.jsonl")]


def test_what_is_better_is_submitted_and_what_is_not_is_kept_back(tried, tmp_path):
    best, fits, sends, heard = tried([0.5, 0.6, 0.4])
    assert best.path.name == "run3"
    assert sends.runs == ["run1", "run3"]
    assert [call.get("sizes") for call in fits.calls] == [None, (40, 64, 80), None]
    assert [row[2] for row in heard.rows] == [
        "submitted",
        "kept back: a better one was submitted",
        "submitted",
    ]
    assert heard.rows[2] == ["3", "seed 1", "submitted", "0.4000", "0.3000"]
    once = ["begun", "fitted"]
    assert _events(tmp_path) == [*once, "submitted", *once, "kept back", *once, "submitted"]


def test_the_same_call_again_fits_and_sends_nothing_twice(tried, tmp_path):
    tried([0.5, 0.6, 0.4])
    before = _events(tmp_path)
    best, fits, sends, _ = tried([])
    assert best.path.name == "run3"
    assert (fits.calls, sends.runs) == ([], [])
    assert _events(tmp_path) == before


def test_more_attempts_go_on_after_those_that_were_made(tried):
    tried([0.5, 0.6], count=2)
    _, fits, sends, _ = tried([0.1], count=3)
    assert [call["seed"] for call in fits.calls] == [1]
    assert sends.runs == ["run3"]


def test_an_attempt_is_what_its_recipe_says_and_not_where(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("folds = 2\n")
    (first,) = auto.attempts("shapes", 1, {"recipe": str(file)})
    file = file.rename(tmp_path / "moved.toml")
    (moved,) = auto.attempts("shapes", 1, {"recipe": str(file)})
    file.write_text("folds = 3\n")
    (changed,) = auto.attempts("shapes", 1, {"recipe": str(file)})
    assert first.options == moved.options == {"folds": 2, "recipe": None, "settings": None}
    assert first.key == moved.key != changed.key


def test_larger_images_are_multiples_that_the_backbone_takes(monkeypatch):
    network = backbones.resolve("tiny")
    monkeypatch.setattr(backbones, "resolve", lambda _: replace(network, multiple=32))
    _, larger = auto.attempts("shapes", 2, {"sizes": (32, 64)})
    assert larger.changes == {"sizes": (64, 96)}


def test_what_was_stopped_is_gone_on_with(tried, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tried([0.5, KeyboardInterrupt()])
    assert _events(tmp_path)[-1] == "begun"
    _, fits, _, _ = tried([0.6, 0.7])
    assert [call.get("sizes") for call in fits.calls] == [(40, 64, 80), None]


def test_it_goes_on_from_another_working_directory(tried, tmp_path, monkeypatch):
    """The runs are found below the directory of runs, wherever the journal was written."""
    tried([0.5], Sends(LimitReachedError("The day is used up.")), count=1)
    journal = tmp_path / "shapes" / "auto" / "journal.jsonl"
    journal.write_text(journal.read_text().replace(f"{tmp_path}/made", "runs/shapes"))
    (tmp_path / "made" / "run1").rename(tmp_path / "shapes" / "run1")
    monkeypatch.chdir(tmp_path / "shapes")
    best, fits, sends, _ = tried([], count=1)
    assert best.path == tmp_path / "shapes" / "run1"
    assert (fits.calls, sends.runs) == ([], ["run1"])


def test_a_run_that_was_removed_is_made_again_where_it_is_to_be_submitted(tried, tmp_path):
    send = Sends(0.3, LimitReachedError("The day is used up."))
    tried([0.5, 0.4], send, count=2)
    for name in ("run1", "run2"):
        shutil.rmtree(tmp_path / "made" / name)
    best, fits, sends, heard = tried([0.4], count=2)
    assert len(fits.calls) == 1
    assert sends.runs == [best.path.name]
    assert [row[2] for row in heard.rows] == ["submitted", "submitted"]
    shutil.rmtree(best.path)
    best, fits, sends, _ = tried([], count=2)
    assert (best, fits.calls, sends.runs) == (None, [], [])


def test_a_used_up_day_postpones(tried, tmp_path):
    limit = LimitReachedError("5 a day")
    _, _, _, heard = tried([0.5, 0.4], Sends(limit, limit), count=2)
    assert [row[2] for row in heard.rows] == ["to be submitted on another day"] * 2
    _, fits, sends, _ = tried([], count=2)
    assert (fits.calls, sends.runs) == ([], ["run1", "run2"])


def test_a_refused_file_and_a_failed_fit_do_not_stop_the_others(tried, tmp_path):
    best, _, sends, heard = tried([DataError("no images"), 0.5, 0.4], Sends(SubmissionError("no")))
    assert best.path.name == "run2"
    assert sends.runs == ["run2"]
    assert "Attempt 1 failed: no images" in heard.lines
    assert "Attempt 2 was not submitted: no" in heard.lines
    assert [row[2] for row in heard.rows] == [
        "failed: to be tried again",
        "not submitted: to be tried again",
        "submitted",
    ]


def test_nothing_but_failures_is_an_error_that_names_the_journal(tried):
    with pytest.raises(RunError, match=r"None of 2 attempts came to a run; .*journal\.jsonl has"):
        tried([DataError("a"), DataError("b")], count=2)


def test_wrong_options_end_it_at_once(tried, tmp_path):
    with pytest.raises(UsageError, match="image sizes must rise"):
        tried([], sizes=(64, 32))
    with pytest.raises(UsageError, match="at least 1; received 0"):
        tried([], count=0)
    assert not (tmp_path / "shapes").exists()


def test_a_dry_run_does_nothing(tried, tmp_path):
    best, fits, _, heard = tried([], dry_run=True)
    assert (best, fits.calls) == (None, [])
    assert [row[1] for row in heard.rows] == ["the recipe as given", "sizes 40,64,80", "seed 1"]
    assert {row[2] for row in heard.rows} == {"to be fitted, then submitted if it is better"}
    assert not (tmp_path / "shapes").exists()


def test_two_at_once_are_refused(tried, tmp_path):
    with (
        workdir.locked(tmp_path / "shapes" / "auto"),
        pytest.raises(RunError, match="Another process is at work"),
    ):
        tried([0.5])


@pytest.mark.keras
def test_from_the_command_line_to_the_leaderboard(tmp_path, monkeypatch, capsys):
    from kaggle_prz import cli

    shapes = Shapes(train=12, test=8)
    monkeypatch.setattr(embedded, "EMBEDDED", {**offline.EMBEDDED, "shapes": shapes})
    monkeypatch.chdir(tmp_path)
    recipe = ["--sizes", "16,24", "--epochs", "1", "--folds", "2", "--no-tta"]
    for _ in range(2):
        cli.main(["auto", "-c", "shapes", "--attempts", "2", *recipe, "--backbone", "tiny"])
    said = capsys.readouterr().out
    assert said.count("Attempt 1: the recipe as given.") == 1
    assert said.count("Attempt 2: sizes 24,32.") == 1
    sent = hosts.EmbeddedHost().submissions("shapes")
    assert len(sent) in {1, 2}
    made = [runs.load_run(path) for path in runs.all_runs(Path("runs"))]
    assert len(made) == 2
    assert sum(run.receipt is not None for run in made) == len(sent)


def test_the_command_loads_no_keras_to_plan():
    code = (
        "import sys; from kaggle_prz.cli import main\n"
        "try:\n    main(['auto', '-c', 'shapes', '--dry-run'])\n"
        "finally:\n    print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "keras" not in done.stdout.splitlines()[-1].split()


def test_options_of_the_layout_are_those_of_every_attempt():
    planned = auto.attempts("shapes", 2, {"metric": "accuracy", "seed": 7})
    assert [attempt.options["metric"] for attempt in planned] == ["accuracy"] * 2
    assert planned[0].key != planned[1].key
    assert planned[0].key == auto.attempts("shapes", 1, {"seed": 7, "metric": "accuracy"})[0].key
