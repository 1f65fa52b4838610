"""What every test gets: a home of its own, and no account anywhere."""

import gc
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from support.kaggle_server.fixtures import STARTED, loopback, loopback_process  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from support.competitions import Drawn


# How long an example takes says more of what else a machine does than of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
hypothesis.settings.register_profile("quick", deadline=None, max_examples=15)


# Tests run side by side: threads of one test would only wait for those of another.
for _threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")


def pytest_configure() -> None:
    """Take Ctrl-C even where a shell's `&` had it ignored, as processes of tests inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules of Keras tests where none is wanted: to import Keras takes seconds."""
    unwanted = "not keras" in (config.getoption("markexpr") or "")
    if not unwanted or not collection_path.match("test_*.py"):
        return None
    mark = r"^pytestmark = .*\bpytest\.mark\.keras\b"
    return bool(re.search(mark, collection_path.read_text("utf-8"), re.MULTILINE)) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what talks with a loopback Kaggle as slow."""
    servers = {"loopback", "loopback_process", "shared_kaggle"}
    for item in items:
        if isinstance(item, pytest.Function) and servers & set(item.fixturenames):
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """Pass over imported modules at every garbage collection: runs collect after every stage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def disarmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the real home, or sees a credential."""
    for name in [name for name in os.environ if name.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)
    places = {"KAGGLE_PRZ_HOME": "prz-home", "HOME": "user-home", "TMPDIR": "tmp"}
    for variable, folder in places.items():
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / folder))


@pytest.fixture(autouse=True)
def no_secret_is_written(tmp_path: Path) -> Iterator[None]:
    """Nothing that a test leaves has a loopback Kaggle's key or token in it, but its logins."""
    yield
    secrets = [server.account[name].encode() for server in STARTED for name in ("key", "token")]
    for path in tmp_path.rglob("*") if secrets else ():
        if path.is_file() and not path.is_symlink() and not _holds_a_login(path, tmp_path):
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), f"a secret is in {path}"


def _holds_a_login(path: Path, place: Path) -> bool:
    """The server's own state, and the files in which clients keep logins."""
    own = any(path.is_relative_to(server.root) for server in STARTED)
    return own or ".kaggle" in path.relative_to(place).parts


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], "Drawn"]:
    """A competition by its slug, drawn once with seed 0."""
    from support.competitions import DRAWN

    made: dict[str, Drawn] = {}

    def get(slug: str) -> "Drawn":
        if slug not in made:
            made[slug] = DRAWN[slug](tmp_path_factory.mktemp(slug) / "files", 0)
        return made[slug]

    return get
