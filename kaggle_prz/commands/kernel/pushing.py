"""Unattended: bundle and kernel to Kaggle, version after version, then a score."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from kaggle_prz.commands.kernel import bundle, datasets, job, remote, submitting
from kaggle_prz.commands.kernel.building import build
from kaggle_prz.commands.kernel.inside import SESSION, Session
from kaggle_prz.commands.kernel.job import Job
from kaggle_prz.commands.kernel.remote import Version
from kaggle_prz.competitions.competition import Submission
from kaggle_prz.competitions.kaggle import Door
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import HostError, RunError, UsageError

LONGEST = 13 * 3600.0  # s, of one version: in the queue, and at work
_MOST_VERSIONS = 50


@dataclass(frozen=True)
class Pushed:
    """What came of a push."""

    version: Version  # the last version that was pushed
    status: str  # of its session; `"QUEUED"` where nobody waited
    submission: Submission | None = None  # that was graded, or None


def push(
    what: str | Path,
    *,
    submit: bool = False,
    again: bool = False,
    until_done: bool = False,
    wait: bool = True,
    timeout: float = LONGEST,
    message: str = "",
    door: Door | None = None,
    console: Console | None = None,
) -> Pushed:
    """Push a kernel and its bundle, wait for its end, and submit what it wrote.

    `what` is the output of `build`, or a run's directory, for which a predicting kernel is built. A
    bundle that was submitted before is neither pushed nor submitted again, unless `again`: its
    score is waited for. A training that is to be pushed `until_done` has its own output attached.
    `timeout` is the seconds to wait for one version.
    """
    door, console = door or Door(console=console), console or Silent()
    place = _built(Path(what), door, console)
    todo = Job.read(place / "bundle" / bundle.JOB)
    if until_done and todo.mode != "train":
        raise UsageError(
            "--until-done is only for kernels that train; a kernel that predicts is done in "
            "one session."
        )
    content = filesystem.sha256(place / "bundle" / bundle.MANIFEST)
    if submit:
        before = None if again else _submitted_before(door, todo, content, console)
        if before is not None:
            return before
        submitting.check(door, todo.competition)
    datasets.publish(door, place / "bundle", console)
    for _ in range(_MOST_VERSIONS):
        version = remote.save(door, place / "kernel")
        console.say(f"Pushed version {version.number} of {version.ref}: {version.url}")
        if not (wait or submit or until_done):
            return Pushed(version, "QUEUED")
        _end_well(door, version, console, timeout)
        if not until_done or _is_complete(door, version):
            break
        metadata = filesystem.read_json(place / "kernel" / job.KERNEL)
        attached = {"kernel_sources": [version.ref]}
        filesystem.write_json(place / "kernel" / job.KERNEL, metadata | attached)
    else:
        raise HostError(
            f"{version.ref} is not complete after {_MOST_VERSIONS} versions. Look at its output: "
            f"kaggle-prz kernel pull {version.ref}"
        )
    if not submit:
        return Pushed(version, "COMPLETE")
    slug = todo.competition
    graded = submitting.submit_version(door, slug, version, message, console, content=content)
    return Pushed(version, "COMPLETE", graded)


def _submitted_before(door: Door, todo: Job, content: str, console: Console) -> Pushed | None:
    """Return what came of the same bundle, where it was submitted: a stop may have followed."""
    before = submitting.sent_before(door, todo.competition, todo.kernel, content)
    if before is None:
        return None
    number, row = before
    version = Version(todo.kernel, number, f"https://www.kaggle.com/code/{todo.kernel}")
    console.say(
        f"The same bundle was submitted before, as version {version.number} of {version.ref}; it "
        "is not submitted again. Use --again to submit it again."
    )
    graded = submitting.graded(door, todo.competition, number, row, console)
    return Pushed(version, "COMPLETE", graded)


def _built(what: Path, door: Door, console: Console) -> Path:
    built = (what / "kernel" / job.KERNEL, what / "bundle" / job.DATASET)
    if bundle.is_whole(what / "bundle") and all(file.is_file() for file in built):
        return what
    if (what / "recipe.json").is_file():
        build(
            what,
            output=what / "kaggle",
            mode="predict",
            owner=door.credential.user or None,
            console=console,
        )
        return what / "kaggle"
    raise UsageError(
        "kernel push takes the output directory of kernel build (with the folders kernel and "
        f"bundle), or the directory of a run; received {what}."
    )


def _end_well(door: Door, version: Version, console: Console, timeout: float) -> None:
    session = remote.wait(door, version.ref, console, timeout)
    if session.status == "COMPLETE":
        return
    lines, last = remote.log_end(door, version.ref)
    for line in lines:
        console.say(f"  {line}")
    raise HostError(
        f"Version {version.number} of {version.ref} ended with {session.status.lower()}: "
        f"{session.failure or 'Kaggle gives no reason.'} The log ends with: "
        f"{last or '(the log is empty)'}"
    )


def _is_complete(door: Door, version: Version) -> bool:
    with tempfile.TemporaryDirectory() as place:
        found = remote.pull(door, version.ref, Path(place), Silent(), only=SESSION)
        if not found:
            raise RunError(
                f"{version.ref} left no {SESSION}, so it is not a training kernel of kaggle-prz."
            )
        return filesystem.read_json_as(found[0], Session).complete
