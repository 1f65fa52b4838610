"""The offline bundle: files in one flat directory, with a manifest of what each is.

Flat, because datasets are uploaded without their sub-directories by default; the manifest has the
paths, sizes and digests, and whoever opens the bundle checks them. Nothing with a credential in it
is uploaded.
"""

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pydantic

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError, SecretFoundError, UsageError
from kaggle_prz.core.process import scrubbing

MANIFEST = "manifest.json"
JOB = "kernel.json"
WEIGHTS = "weights"  # directory of weights that training starts from, and of presets
BACKBONE = "backbone"  # directory of the file of a network of the user's own
_NAMES = {
    *scrubbing.FILES, ".env", ".netrc", ".pypirc", "id_rsa", "id_ed25519",
}  # fmt: skip
_PATTERNS = (
    re.compile(rb'"key"\s*:\s*"[0-9a-f]{32}"'),  # kaggle.json under another name
    re.compile(rb"KGAT_[0-9A-Za-z]{16,}"),
    re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
)


class Entry(pydantic.BaseModel):
    """A file of a bundle: its name there, the path it is unpacked to, its size and digest."""

    model_config = pydantic.ConfigDict(frozen=True)

    file: str
    path: str
    bytes: int
    sha256: str


class Manifest(pydantic.BaseModel):
    """The files of a bundle, the largest first."""

    model_config = pydantic.ConfigDict(frozen=True)

    files: tuple[Entry, ...]

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Read the manifest of a bundle."""
        remedy = "Build the bundle and upload it again."
        return filesystem.read_json_as(directory / MANIFEST, cls, remedy=remedy)


class Bundle:
    """A bundle that is being written, to a directory that holds nothing else."""

    def __init__(self, directory: Path):
        built = (directory / MANIFEST).is_file() or _mark(directory).is_file()  # whole or not
        if directory.is_dir() and any(directory.iterdir()) and not built:
            raise UsageError(
                f"{directory} contains files that kernel build did not write. Choose another "
                "directory with --output."
            )
        self.directory = directory
        self._paths: dict[str, str] = {}
        filesystem.write_atomic(_mark(directory), "")
        filesystem.make_empty(directory)

    def add(self, path: str, source: Path) -> None:
        """Copy a file, to be found as `path` by whoever opens the bundle."""
        shutil.copyfile(source, self.directory / self._flat(path))

    def add_json(self, path: str, value: object) -> None:
        """Write a file, to be found as `path` by whoever opens the bundle."""
        filesystem.write_json(self.directory / self._flat(path), value)

    def seal(self) -> tuple[Entry, ...]:
        """Write the manifest of all files; return its entries, the largest first.

        Files that were put into the directory by others are found under their names.
        """
        files = [file for file in self.directory.iterdir() if file.name != MANIFEST]
        entries = tuple(
            Entry(
                file=file.name,
                path=self._paths.get(file.name, file.name),
                bytes=file.stat().st_size,
                sha256=filesystem.sha256(file),
            )
            for file in sorted(files, key=lambda file: (-file.stat().st_size, file.name))
        )
        filesystem.write_json(self.directory / MANIFEST, Manifest(files=entries).model_dump())
        _mark(self.directory).unlink(missing_ok=True)
        return entries

    def _flat(self, path: str) -> str:
        name = path.replace("/", "--")
        self._paths[name] = path
        return name


def is_whole(directory: Path) -> bool:
    """Return whether a build in the directory came to its end."""
    return (directory / MANIFEST).is_file() and not _mark(directory).is_file()


def _mark(directory: Path) -> Path:
    """Return the file beside a bundle that is there while the bundle is written."""
    return directory.with_name(f".{directory.name}-unfinished")


def unpack(directory: Path, to: Path) -> None:
    """Link every file of a bundle to its path below `to`, emptied first; refuse a damaged one."""
    filesystem.make_empty(to)
    for entry in Manifest.read(directory).files:
        file, within = directory / entry.file, PurePosixPath(entry.path)
        if not file.is_file() or filesystem.sha256(file) != entry.sha256:
            found = "was changed" if file.is_file() else "is missing"
            raise RunError(
                f"The bundle in {directory} is damaged: {entry.file} {found}. Build it and "
                "upload it again."
            )
        if within.is_absolute() or ".." in within.parts:
            raise RunError(
                f"{directory / MANIFEST} names a path outside the bundle: {within}. Build "
                "the bundle and upload it again."
            )
        place = to / within
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(file.absolute())


def refuse_secrets(directory: Path) -> None:
    """Refuse a directory, and wheels in it, with a credential: by name, form, or of this machine.

    The message names the file, never the credential.
    """
    known = [form.encode(errors="replace") for form in scrubbing.forms()]
    for name, content in _contents(directory):
        if PurePosixPath(name).name in _NAMES:
            raise _found(name, "its name is that of a credential file")
        if any(value in content for value in known):
            raise _found(name, "it contains a credential of this machine")
        if any(pattern.search(content) for pattern in _PATTERNS):
            raise _found(name, "it contains text that looks like a credential")


def _found(name: str, why: str) -> SecretFoundError:
    return SecretFoundError(
        f"A bundle must not contain a credential, and {name} is refused: {why}. Remove it from "
        "the run or the package, and build again."
    )


def _contents(directory: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        name = file.relative_to(directory).as_posix()
        if file.suffix == ".whl":
            with zipfile.ZipFile(file) as wheel:
                for member in wheel.namelist():
                    yield f"{name}/{member}", wheel.read(member)
        else:
            yield name, file.read_bytes()
