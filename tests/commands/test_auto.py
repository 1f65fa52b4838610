import itertools
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.synthetic import make_run

from kaggle_prz import competitions, runs
from kaggle_prz.commands import auto
from kaggle_prz.competitions import embedded
from kaggle_prz.competitions.embedded import source
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import (
    DataError,
    LimitReachedError,
    RunError,
    SubmissionError,
    UsageError,
)
from kaggle_prz.models import backbones
from kaggle_prz.runs import records
from kaggle_prz.runs.records import Receipt


class Heard:
    def __init__(self):
        self.lines, self.rows = [], []

    def say(self, text):
        self.lines.append(text)

    def table(self, title, columns, rows):
        self.rows = [list(row) for row in rows]


class Fits:
    """Makes runs without training, of the scores that are asked for; lower is better."""

    def __init__(self, scores):
        self.calls, self.made, self._scores = [], [], iter(scores)

    def __call__(self, competition, *, console, output_dir, run, **options):
        self.calls.append(options)
        score = next(self._scores)
        if isinstance(score, BaseException):
            (output_dir / competition / run).mkdir(parents=True)
            (output_dir / competition / run / "recipe.json").write_text("{}")
            raise score
        for place in (run, f"{run}-files"):
            shutil.rmtree(output_dir / competition / place, ignore_errors=True)
        made = make_run(output_dir / competition / run, receipt=False)
        filesystem.write_json(made.path / "blend.json", {**made.blend.to_json(), "score": score})
        self.made.append(run)
        return made


class Sends:
    def __init__(self, *answers):
        self.runs, self._answers = [], itertools.chain(answers, itertools.repeat(0.3))

    def __call__(self, run, *, console):
        answer = next(self._answers)
        if isinstance(answer, BaseException):
            raise answer
        self.runs.append(run.name)
        receipt = Receipt(ref=1, date="", sha256="", status="complete", public_score=answer)
        records.write(run.path / "receipt.json", receipt)
        return receipt


@pytest.fixture
def tried(tmp_path):
    """Call `auto` with runs of given scores; every call goes on in the same directory."""

    def call(scores, send=None, **options):
        fits, sends, heard = Fits(scores), send or Sends(), Heard()
        best = auto.auto(
            "shapes", output_dir=tmp_path, fit=fits, submit=sends, console=heard, **options
        )
        return best, fits, sends, heard

    return call


def _attempts(count, options):
    return auto.attempts(competitions.find("shapes"), count, options)


def test_what_is_better_is_submitted_and_what_is_not_is_kept_back(tried, tmp_path):
    best, fits, sends, heard = tried([0.5, 0.6, 0.4])
    first, _, third = fits.made
    assert best.path.name == third
    assert sends.runs == [first, third]
    assert [call.get("sizes") for call in fits.calls] == [None, (40, 64, 80), None]
    assert [row[2] for row in heard.rows] == [
        "submitted",
        "kept back: a better one was submitted",
        "submitted",
    ]
    assert heard.rows[2] == ["3", "seed 1", "submitted", "0.4000", "0.3000"]


def test_the_same_call_again_fits_and_sends_nothing_twice(tried, tmp_path):
    before, _, _, heard = tried([0.5, 0.6, 0.4])
    best, fits, sends, again = tried([])
    assert best.path == before.path
    assert (fits.calls, sends.runs) == ([], [])
    assert again.rows == heard.rows


def test_more_attempts_go_on_after_those_that_were_made(tried):
    tried([0.5, 0.6], count=2)
    _, fits, sends, _ = tried([0.1], count=3)
    assert [call["seed"] for call in fits.calls] == [1]
    assert sends.runs == fits.made


def test_an_attempt_is_what_its_recipe_says_and_not_where(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("folds = 2\n")
    (first,) = _attempts(1, {"recipe": str(file)})
    file = file.rename(tmp_path / "moved.toml")
    (moved,) = _attempts(1, {"recipe": str(file)})
    file.write_text("folds = 3\n")
    (changed,) = _attempts(1, {"recipe": str(file)})
    assert first.options == moved.options == {"folds": 2, "recipe": None, "settings": None}
    assert first.run == moved.run != changed.run


def test_larger_images_are_multiples_that_the_backbone_takes(monkeypatch):
    network = backbones.resolve("tiny")
    monkeypatch.setattr(backbones, "resolve", lambda _: replace(network, multiple=32))
    _, larger = _attempts(2, {"sizes": (32, 64)})
    assert larger.changes == {"sizes": (64, 96)}


def test_what_was_stopped_is_gone_on_with(tried, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tried([0.5, KeyboardInterrupt()])
    assert [row[2] for row in tried([], dry_run=True)[3].rows] == [
        "submitted",
        "started: to be continued, then submitted if its score is better",
        "to be fitted, then submitted if its score is better",
    ]
    _, fits, _, _ = tried([0.6, 0.7])
    assert [call.get("sizes") for call in fits.calls] == [(40, 64, 80), None]


def test_runs_are_found_from_another_directory(tried, tmp_path, monkeypatch):
    _, fits, _, _ = tried([0.5], Sends(LimitReachedError("The day is used up.")), count=1)
    monkeypatch.chdir(tmp_path / "shapes")
    best, again, sends, _ = tried([], count=1)
    assert best.name == fits.made[0]
    assert (again.calls, sends.runs) == ([], fits.made)


def test_a_removed_run_is_made_again(tried):
    best, _, _, _ = tried([0.5], count=1)
    shutil.rmtree(best.path)
    again, fits, sends, _ = tried([0.4], count=1)
    assert again.path == best.path
    assert sends.runs == fits.made == [best.name]


def test_a_refused_or_pending_submission_is_seen_to_again(tried):
    best, _, _, _ = tried([0.5], count=1)
    for status in ("pending", "error"):
        receipt = best.receipt.model_copy(update={"status": status})
        records.write(best.path / "receipt.json", receipt)
        _, fits, sends, heard = tried([], count=1)
        assert (fits.calls, sends.runs) == ([], [best.name])
        assert heard.rows[0][2] == "submitted"


def test_a_used_up_day_postpones(tried, tmp_path):
    limit = LimitReachedError("5 a day")
    _, made, _, heard = tried([0.5, 0.4], Sends(limit, limit), count=2)
    assert [row[2] for row in heard.rows] == ["to be submitted another day"] * 2
    _, fits, sends, _ = tried([], count=2)
    assert (fits.calls, sends.runs) == ([], made.made)


def test_a_refused_file_and_a_failed_fit_do_not_stop_the_others(tried, tmp_path):
    given = [DataError("no images"), 0.5, 0.4]
    best, fits, sends, heard = tried(given, Sends(SubmissionError("no")))
    assert sends.runs == [best.name] == fits.made[1:]
    assert "Attempt 1 failed: no images" in heard.lines
    assert "Attempt 2 was not submitted: no" in heard.lines
    assert [row[2] for row in heard.rows] == [
        "failed: to be tried again",
        "not submitted: to be tried again",
        "submitted",
    ]


def test_nothing_but_failures_is_an_error_with_reasons(tried):
    with pytest.raises(
        RunError, match=r"None of the 2 attempts produced a run: a; b\. Run the same"
    ):
        tried([DataError("a."), DataError("b")], count=2)


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
    assert {row[2] for row in heard.rows} == {"to be fitted, then submitted if its score is better"}
    assert not (tmp_path / "shapes").exists()


def test_two_at_once_are_refused(tried, tmp_path):
    with (
        filesystem.locked(tmp_path / "shapes" / "auto"),
        pytest.raises(RunError, match="Another process is using"),
    ):
        tried([0.5])


@pytest.mark.keras
@pytest.mark.full
def test_from_the_command_line_to_the_leaderboard(tmp_path, monkeypatch, capsys):
    from kaggle_prz.commands import cli

    shapes = Shapes(train=12, test=8)
    monkeypatch.setattr(source, "EMBEDDED", {**embedded.EMBEDDED, "shapes": shapes})
    monkeypatch.chdir(tmp_path)
    recipe = ["--sizes", "16,24", "--epochs", "1", "--folds", "2", "--no-tta"]
    for _ in range(2):
        cli.main(["auto", "-c", "shapes", "--attempts", "2", *recipe, "--backbone", "tiny"])
    said = capsys.readouterr().out
    assert said.count("Attempt 1: the recipe as given.") == 1
    assert said.count("Attempt 2: sizes 24,32.") == 1
    sent = source.EmbeddedSource("shapes").leaderboard.submissions()
    assert len(sent) in {1, 2}
    made = [runs.load_run(path) for path in runs.all_runs(Path("runs"))]
    assert len(made) == 2
    assert sum(run.receipt is not None for run in made) == len(sent)


def test_the_command_loads_no_keras_to_plan():
    code = (
        "import sys; from kaggle_prz.commands.cli import main\n"
        "try:\n    main(['auto', '-c', 'shapes', '--dry-run'])\n"
        "finally:\n    print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "keras" not in done.stdout.splitlines()[-1].split()


def test_options_of_the_layout_are_those_of_every_attempt():
    planned = _attempts(2, {"metric": "accuracy", "seed": 7})
    assert [attempt.options["metric"] for attempt in planned] == ["accuracy"] * 2
    assert planned[0].run != planned[1].run
    assert planned[0].run == _attempts(1, {"seed": 7, "metric": "accuracy", "folds": None})[0].run
