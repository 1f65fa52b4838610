"""Looks for credentials in what is about to leave this machine."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from kaggle_prz.core.errors import SecretFoundError
from kaggle_prz.core.process import scrubbing

_NAMES = {
    *scrubbing.FILES, ".env", ".netrc", ".pypirc", "id_rsa", "id_ed25519",
}  # fmt: skip
_PATTERNS = (
    re.compile(rb'"key"\s*:\s*"[0-9a-f]{32}"'),  # kaggle.json under another name
    re.compile(rb"KGAT_[0-9A-Za-z]{16,}"),
    re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
)


def refuse(directory: Path) -> None:
    """Refuse a directory with a credential in it: by name, by form, or one of this machine's.

    Wheels are looked into.

    Raises:
        SecretFoundError: names the file, never the credential.
    """
    known = [form.encode(errors="replace") for form in scrubbing.forms()]
    for name, content in _contents(directory):
        if PurePosixPath(name).name in _NAMES:
            raise _found(name, "its name says that it is one")
        if any(value in content for value in known):
            raise _found(name, "it holds a credential of this machine")
        if any(pattern.search(content) for pattern in _PATTERNS):
            raise _found(name, "it holds what looks like one")


def _found(name: str, why: str) -> SecretFoundError:
    return SecretFoundError(
        f"Nothing with a credential is uploaded, and {name} is refused: {why}. Remove it from "
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
