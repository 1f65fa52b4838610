"""What a kernel does at Kaggle before and after its work: mounts, bundle, last output, session."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kaggle_prz.commands.kernel import bundle
from kaggle_prz.commands.kernel.job import Job
from kaggle_prz.core import filesystem
from kaggle_prz.core.clock import Budget
from kaggle_prz.core.console import Console, Terminal
from kaggle_prz.core.errors import CompetitionNotFoundError, PausedError
from kaggle_prz.schedule.recipe import Recipe

SESSION = "session.json"


@dataclass(frozen=True)
class Session:
    """What `session.json` says: whether the training came to its end."""

    complete: bool


@dataclass(frozen=True)
class Inside:
    """A kernel at work."""

    job: Job  # what it is to do
    mount: Path  # directory of the competition's files, as they are now
    files: Path  # the bundle's, at their paths
    working: Path  # what is in this directory at the end is kept
    budget: Budget  # the clock of the session
    console: Console  # the kernel's log

    @property
    def competition(self) -> str:
        """Its name, which finds the mounted files."""
        return self.job.competition

    @property
    def run(self) -> Path:
        """The bundle's run."""
        return self.files / "runs" / str(self.job.run)

    @property
    def fit_options(self) -> dict[str, object]:
        """What `prz.fit` is given besides the competition."""
        options = dict(self.job.options)
        own = self.files / str(options.get("weights", ""))
        if own.is_file():
            options["weights"] = str(own)
        options |= self._own_network
        return {
            "output_dir": self.working / "runs",
            "run": self.job.run,
            "budget": self.budget,
            "console": self.console,
            **options,
        }

    @property
    def predict_options(self) -> dict[str, object]:
        """What `prz.predict` is given besides the run."""
        return {
            "competition": str(self.mount),
            "output": self.working / "submission.csv",
            "console": self.console,
            **self._own_network,
        }

    @property
    def _own_network(self) -> dict[str, object]:
        """The network that is in the bundle, if one is."""
        text = str(self.job.options.get("backbone", ""))
        if not text.startswith(f"{bundle.BACKBONE}/"):
            return {}
        return {"backbone": str(self.files / text)}


def root() -> Path:
    """Return where `input` and `working` are: `KAGGLE_PRZ_ROOT` where it is set, else `/kaggle`."""
    return Path(os.environ.get("KAGGLE_PRZ_ROOT", "/kaggle"))


def open_bundle(directory: Path, options: Mapping[str, object] | None = None) -> Inside:
    """Check that a bundle is whole, and find the competition's files, which must be mounted."""
    home = Path(tempfile.gettempdir()) / "kaggle-prz"  # of the session: its images are not output
    os.environ.setdefault("KAGGLE_PRZ_HOME", str(home))
    os.environ.setdefault("KAGGLE_PRZ_INPUT", str(root() / "input"))
    todo = Job.read(directory / bundle.JOB)
    todo = todo.model_copy(update={"options": {**todo.options, **(options or {})}})
    limit = Recipe.parse({"time_limit": todo.options.get("time_limit")}).time_limit
    budget = Budget(limit, session=todo.session)
    bundle.unpack(directory, home / "bundle")
    if (carried := home / "bundle" / bundle.WEIGHTS).is_dir():
        os.environ.setdefault("KAGGLE_PRZ_WEIGHTS", str(carried))
    working = root() / "working"
    inside = Inside(todo, _competition(todo), home / "bundle", working, budget, Terminal())
    when = "the hidden test set" if os.environ.get("KAGGLE_IS_COMPETITION_RERUN") else "the files"
    inside.console.say(f"{todo.mode} on {when} in {inside.mount}")
    return inside


@contextlib.contextmanager
def training(directory: Path, options: Mapping[str, object] | None = None) -> Iterator[Inside]:
    """Wrap `prz.fit` in a kernel: go on with the kernel's last output, end in time.

    A session that is used up ends as one that is not, and says so in `session.json`; its output,
    attached to the next version, is gone on with.
    """
    inside = open_bundle(directory, options)
    _restore(inside)
    complete = False
    try:
        yield inside
        complete = True
    except PausedError as pause:
        inside.console.say(str(pause))
    finally:
        for written in inside.working.glob("runs/*/*/submission.csv"):
            shutil.copyfile(written, inside.working / "submission.csv")
        filesystem.write_json(inside.working / SESSION, {"complete": complete})


def _competition(todo: Job) -> Path:
    mounts = root() / "input"
    found = _mount("competitions", todo.competition)
    if found is None:
        there = sorted(str(path.relative_to(mounts)) for path in mounts.glob("*"))
        raise CompetitionNotFoundError(
            f"The competition {todo.competition!r} is not attached to the kernel: {mounts} "
            f"contains {', '.join(there) or 'nothing'}. Add it to the kernel's competition "
            "sources."
        )
    return found


def _restore(inside: Inside) -> None:
    """Copy the runs of the kernel's last version to where this one works."""
    last = _mount("notebooks", inside.job.kernel)
    if last is None or not (last / "runs").is_dir():
        return
    # Mounts are read-only, and copies are to be written to: contents only, no modes.
    shutil.copytree(
        last / "runs", inside.working / "runs", copy_function=shutil.copyfile, dirs_exist_ok=True
    )
    for directory in (inside.working / "runs").glob("**/"):
        directory.chmod(0o755)
    inside.console.say(f"Continuing the runs in {last}")


def _mount(kind: str, identity: str) -> Path | None:
    """Return where a source is mounted, today or in the older layout."""
    places = (root() / "input" / kind / identity, root() / "input" / identity.rpartition("/")[2])
    return next((place for place in places if place.is_dir()), None)
