"""Whole runs with two processes; a process, or that of the run, is killed at random moments.

A few kills here; more, for an hour, with

    KILLS=50 pytest tests/end_to_end/test_killed_workers.py
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kaggle_prz.competitions.embedded.shapes import Shapes

KILLS = int(os.environ.get("KILLS", "3"))
FIT = [
    sys.executable, "-m", "kaggle_prz.commands.cli", "fit", "--workers", "2", "--backbone", "tiny",
    "--sizes", "16,24", "--folds", "3", "--epochs", "4",
]  # fmt: skip
TESTS = Path(__file__).parents[1]


def start(files: Path, place: Path) -> subprocess.Popen:
    """Start the run, or go on with it, in a process group of its own."""
    return subprocess.Popen(
        [*FIT, "-c", str(files), "--output-dir", str(place)],
        cwd=TESTS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


def group(leader: int) -> dict[int, str]:
    """Processes of a group that are alive: number -> command."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            state, _, pgrp = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == leader and state != "Z":
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError):
            continue
    return found


def seals(place: Path) -> dict[str, int]:
    return {str(f.relative_to(place)): f.stat().st_mtime_ns for f in place.glob("*/*/*/*/DONE")}


def ended(place: Path) -> bytes:
    (submission,) = place.glob("*/*/submission.csv")
    return submission.read_bytes()


@pytest.mark.full
@pytest.mark.timeout(240 + 120 * KILLS)
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are listed in /proc")
def test_nothing_is_lost_by_a_kill(tmp_path):
    Shapes(seed=3, train=48, test=12).materialise(files := tmp_path / "drawn")
    started = time.monotonic()
    with start(files, tmp_path / "alone") as process:
        assert process.wait() == 0, process.stderr.read()
    seconds = time.monotonic() - started
    expected, generator = ended(tmp_path / "alone"), random.Random(5)
    kills = [generator.choice(["a worker", "the run"]) for _ in range(KILLS)]
    for number, what in enumerate(kills):
        place = tmp_path / f"killed{number}"
        with start(files, place) as process:
            time.sleep(generator.uniform(0.2, 1.0) * seconds)
            alive = group(process.pid)
            workers = sorted(pid for pid, command in alive.items() if "workers.child" in command)
            target = generator.choice(workers) if what == "a worker" and workers else process.pid
            kept = seals(place)
            if process.poll() is None:
                os.kill(target, signal.SIGKILL)
            status = process.wait()
            assert status == (-signal.SIGKILL if target == process.pid else 0), (what, status)
        if status:
            with start(files, place) as process:
                assert process.wait() == 0, process.stderr.read()
        assert ended(place) == expected, (what, number)
        assert kept.items() <= seals(place).items(), (what, number)
        for _ in range(300):
            if not group(process.pid):
                break
            time.sleep(0.1)
        assert not group(process.pid)
