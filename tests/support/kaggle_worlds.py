"""A loopback Kaggle that many tests share, and small competitions on it, each with its own name."""

import csv
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.kaggle_server.fixtures import Loopback, running

from kaggle_prz.competitions import kaggle
from kaggle_prz.competitions.competition import Competition
from kaggle_prz.competitions.kaggle import retry, sdk
from kaggle_prz.competitions.kaggle import submissions as sent

IDS = tuple(f"img_{number:02d}" for number in range(20))
TRUTH = {name: ("leaf", "needle")[number % 2] for number, name in enumerate(IDS)}
_NUMBERS = itertools.count(1)


def write_sheet(path: Path, rows: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "label"), *rows.items()])
    return path


def write_files(root: Path, size: int = 300_000) -> Path:
    """Files of a competition: a sample, labels, and `size` bytes that do not compress."""
    write_sheet(root / "sample_submission.csv", dict.fromkeys(IDS, "leaf"))
    write_sheet(root / "train.csv", TRUTH)
    (root / "train").mkdir()
    (root / "train" / "noise.bin").write_bytes(os.urandom(size))
    return root


class World:
    """One competition on the shared server, and this machine's login for it."""

    def __init__(self, server: Loopback, place: Path, **fields: Any):
        self.server = server
        self.slug = f"leaves-{next(_NUMBERS)}"
        self.files = write_files(place / "public")
        self.csv = write_sheet(place / "submission.csv", TRUTH)
        answers = write_sheet(place / "answers.csv", TRUTH)
        defaults: dict[str, Any] = {
            "title": "Leaves",
            "answers": answers,
            "metric": "accuracy",
            "evaluationMetric": "Categorization Accuracy",
            "maxDailySubmissions": 3,
            "teams": [{"teamName": "Ann", "score": 0.9}, {"teamName": "Bob", "score": 0.2}],
        }
        server.competition(self.slug, self.files, **(defaults | fields))
        self.source = kaggle.KaggleSource(self.slug)

    def again(self) -> kaggle.KaggleSource:
        """The competition as another process finds it."""
        self.source = kaggle.KaggleSource(self.slug)
        return self.source

    def about(self, slug: str = "") -> Competition:
        """What is said about a competition, looked up again."""
        return kaggle.KaggleSource(slug or self.slug, door=self.source.door).about

    def change(self, **fields: Any) -> None:
        self.server.competition(self.slug, self.files, **fields)

    def requests(self, name: str | None = None) -> list[dict[str, Any]]:
        """Requests about this competition; those of storage cannot be told apart."""
        return [
            each
            for each in self.server.requests(name)
            if (each["body"] or {}).get("competitionName") == self.slug
        ]

    def submissions(self) -> list[dict[str, Any]]:
        """What the server has, the oldest first."""
        every = self.server.control("state", room="submissions").values()
        return [each for each in every if each["competition"] == self.slug]


def same_files(here: Path, there: Path) -> bool:
    """Whether two directories hold the same files."""

    def content(root: Path) -> dict[str, bytes]:
        files = (path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): path.read_bytes() for path in files}

    return content(here) == content(there)


@contextmanager
def login(server: Loopback) -> Iterator[pytest.MonkeyPatch]:
    """An environment in which the official client talks to the server."""
    proxy = f"http://127.0.0.1:{server.port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
        patch.setenv("KAGGLE_USERNAME", server.account["username"])
        patch.setenv("KAGGLE_KEY", server.account["key"])
        for name in ("http_proxy", "https_proxy"):
            patch.setenv(name, proxy)
        for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
            patch.delenv(name, raising=False)
        yield patch


@pytest.fixture(scope="module")
def shared_kaggle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """A server for a module's tests."""
    with running(tmp_path_factory.mktemp("kaggle") / "server") as server:
        server.settings(scoring_seconds=0.0)
        yield server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are written down instead of waited for."""
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(0.01)

    monkeypatch.setattr(retry, "pause", pause)
    monkeypatch.setattr(sdk, "TIMEOUT", (5.0, 5.0))
    monkeypatch.setattr(sent, "LONGEST_WAIT", float("inf"))
    return waited


@pytest.fixture
def world(shared_kaggle: Loopback, waits: list[float], tmp_path: Path) -> Iterator[World]:
    """A competition, a login, and no waiting."""
    with login(shared_kaggle):
        shared_kaggle.faults.clear()
        yield World(shared_kaggle, tmp_path / "world")
        shared_kaggle.faults.clear()
