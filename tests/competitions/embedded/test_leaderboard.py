import errno
import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from kaggle_prz.competitions.embedded import leaderboard
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core.errors import DiskFullError, RunError, SubmissionError
from kaggle_prz.core.filesystem import home

SHAPES = Shapes(seed=1, train=8, test=24)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def board() -> leaderboard.Board:
    """The leaderboard, as a new process has it."""
    return leaderboard.Board(SHAPES)


def _csv(directory: Path, sureness: float, name: str = "submission.csv") -> Path:
    """A submission that gives the true class `sureness`."""
    answers = SHAPES.answers()
    rest = (1 - sureness) / 3
    lines = ["id," + ",".join(answers.classes)]
    for row, label in zip(answers.ids.tolist(), answers.labels.tolist(), strict=True):
        lines.append(",".join([row, *(repr(sureness if c == label else rest) for c in range(4))]))
    path = directory / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_submission_is_scored_and_kept(tmp_path):
    path = _csv(tmp_path, 0.7)
    received = board().submit(path, "first", now=NOON)
    assert received.public_score == pytest.approx(-np.log(0.7))
    assert received.private_score == pytest.approx(-np.log(0.7))
    assert (received.ref, received.status, received.file_name, received.description) == (
        (1, "complete", "submission.csv", "first")
    )
    assert received.date == "2026-03-01T12:00:00+00:00"
    assert received.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert board().submissions() == [received]


def test_an_empty_leaderboard_holds_the_benchmark():
    (row,) = board().standings()
    assert (row.rank, row.team) == (1, "sample submission benchmark")
    assert row.score == pytest.approx(np.log(4))
    assert board().submissions() == []


def test_the_benchmark_is_the_score_of_the_sample_submission(tmp_path):
    SHAPES.materialise(tmp_path / "shapes")
    sample = tmp_path / "shapes" / "sample_submission.csv"
    received = board().submit(sample, "sample")
    scores = {row.team: row.score for row in board().standings()}
    assert scores["sample submission benchmark"] == received.public_score == scores["you"]


def test_the_best_submission_stands(tmp_path):
    for sureness in (0.4, 0.8, 0.6):
        board().submit(_csv(tmp_path, sureness), "", now=NOON)
    first, second = board().standings()
    assert (first.rank, first.team, first.entries) == (1, "you", 3)
    assert first.score == pytest.approx(-np.log(0.8))
    assert (second.rank, second.team) == (2, "sample submission benchmark")


def test_worse_than_chance_ranks_below_the_benchmark(tmp_path):
    board().submit(_csv(tmp_path, 0.1), "")
    assert [row.team for row in board().standings()] == [
        "sample submission benchmark",
        "you",
    ]


def test_the_private_score_is_that_of_the_two_best_in_public(tmp_path):
    answers = SHAPES.answers()

    def both(public: float, private: float) -> None:
        sure = np.where(answers.usage == "public", public, private)
        lines = ["id," + ",".join(answers.classes)]
        for row, label, p in zip(answers.ids, answers.labels, sure, strict=True):
            cells = [repr(float(p if c == label else (1 - p) / 3)) for c in range(4)]
            lines.append(",".join([row, *cells]))
        path = tmp_path / "both.csv"
        path.write_text("\n".join(lines))
        board().submit(path, "", now=NOON)

    both(public=0.5, private=0.9)
    both(public=0.8, private=0.6)
    both(public=0.7, private=0.7)
    assert board().standings()[0].score == pytest.approx(-np.log(0.8))
    private = board().standings(private=True)[0]
    assert private.score == pytest.approx(-np.log(0.7))


def test_the_daily_limit_counts_scored_files_of_the_utc_day(tmp_path):
    good = _csv(tmp_path, 0.5)
    bad = tmp_path / "bad.csv"
    bad.write_text("id\n")
    for _ in range(5):
        board().submit(good, "", now=NOON)
        with pytest.raises(SubmissionError, match="was refused"):
            board().submit(bad, "", now=NOON - timedelta(days=1))
    with pytest.raises(SubmissionError, match=r"takes 5 submissions a day \(UTC\), and 5 were"):
        board().submit(good, "", now=NOON + timedelta(hours=11, minutes=59))
    assert len(board().submissions()) == 10
    tomorrow_in_utc = datetime(2026, 3, 1, 20, 30, tzinfo=timezone(timedelta(hours=-4)))
    received = board().submit(good, "", now=tomorrow_in_utc)
    assert (received.ref, received.date) == (11, "2026-03-02T00:30:00+00:00")


def test_a_refused_file_is_recorded_and_does_not_count(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("id,label\n")
    for _ in range(6):
        with pytest.raises(SubmissionError, match=r"bad\.csv was refused: .*must have the columns"):
            board().submit(bad, "oops", now=NOON)
    newest, *others = board().submissions()
    assert (newest.ref, newest.status, newest.public_score) == (6, "error", None)
    assert "must have the columns" in newest.error
    assert len(others) == 5
    assert [row.team for row in board().standings()] == ["sample submission benchmark"]
    assert board().submit(_csv(tmp_path, 0.5), "", now=NOON).ref == 7


def test_a_file_that_is_not_there_is_not_recorded(tmp_path):
    with pytest.raises(SubmissionError, match="cannot be read"):
        board().submit(tmp_path / "none.csv", "")
    assert not board().path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"competition": "shapes", "submissions": [{"ref": 1}]}',
        b'{"competition": "elpv", "submissions": []}',
        b'{"competition": "shapes", "submissions": [{"ref": 1, "date": "yesterday", '
        b'"description": "", "file_name": "", "sha256": "", "status": "complete", '
        b'"public_score": 1.0, "private_score": 1.0}]}',
    ],
)
def test_a_corrupted_leaderboard_is_named_and_left_alone(tmp_path, content):
    path = home() / "leaderboards" / "shapes.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    for use in (
        lambda: board().submit(_csv(tmp_path, 0.5), ""),
        lambda: board().submissions(),
        lambda: board().standings(),
    ):
        with pytest.raises(RunError, match=r"shapes\.json must hold the leaderboard of shapes"):
            use()
    assert path.read_bytes() == content


def test_a_full_disk_keeps_the_leaderboard(tmp_path, monkeypatch):
    path = _csv(tmp_path, 0.5)
    kept = board().submit(path, "")

    def fail(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(DiskFullError):
        board().submit(path, "")
    assert board().submissions() == [kept]


@pytest.mark.full
def test_processes_at_once_are_all_recorded(tmp_path):
    program = (
        "import sys; from pathlib import Path\n"
        "from kaggle_prz.core.errors import SubmissionError\n"
        "from kaggle_prz.competitions.embedded import leaderboard\n"
        "from kaggle_prz.competitions.embedded.shapes import Shapes\n"
        "shapes = Shapes(seed=1, train=8, test=24)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for _ in range(2):\n"
        "    print(leaderboard.Board(shapes).submit(Path(sys.argv[1]), 'x').ref)\n"
        "for _ in range(10):\n"
        "    try: leaderboard.Board(shapes).submit(Path(sys.argv[2]), 'x')\n"
        "    except SubmissionError: pass\n"
    )
    (tmp_path / "bad.csv").write_text("id\n")
    good = _csv(tmp_path, 0.5)
    command = [sys.executable, "-c", program, str(good), str(tmp_path / "bad.csv")]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    recorded = board().submissions()
    assert [each.ref for each in recorded] == list(range(24, 0, -1))
    scored = {each.ref for each in recorded if each.status == "complete"}
    assert scored == {int(ref) for refs in printed for ref in refs}
    assert len(scored) == 4
