"""The run directory: atomic writes, seals, and what is left to do. Knows no Keras."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import filelock
import numpy as np
import platformdirs
import pydantic
from numpy.typing import ArrayLike

from kaggle_prz.core.errors import DiskFullError, RunError

T = TypeVar("T")

SEAL = "DONE"
RECORD_VERSION = 1  # of the form of a run's JSON files
MADE_AGAIN = "Remove that file and run the command that wrote it again; finished folds are kept."
_NO_RUN = (
    "the directory has no run, or an unfinished one. To continue an unfinished run, use the same "
    "fit command. Finished folds are kept."
)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def home() -> Path:
    """Return the directory for downloaded competitions, image stores and practice leaderboards.

    `KAGGLE_PRZ_HOME` where it is set, else the platform's directory for user data.
    """
    chosen = os.environ.get("KAGGLE_PRZ_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("kaggle-prz"))


@contextlib.contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Turn a full disk, or a place that may not be written to, into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            free = shutil.disk_usage(_existing_parent(path)).free / 1e6
            raise DiskFullError(
                f"The disk or a quota is full: {path} could not be written ({free:.0f} MB free). "
                "Finished folds are kept. Free some space and run the same command again to "
                "continue."
            ) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise RunError(
                f"{path} cannot be written ({error.strerror}). Choose another path with "
                "--output-dir or --output, or set KAGGLE_PRZ_HOME to another directory."
            ) from error
        raise


def check_place(path: Path) -> None:
    """Refuse a place where the result could not be written, before the work."""
    path = _replaceable(path)
    with room_for(path):
        probe = _temporary_beside(path)
        probe.touch()
        probe.unlink()


def _temporary_beside(path: Path) -> Path:
    """Return a name in the directory of `path`, which is made where it is not there."""
    _make(path.parent)
    return path.with_name(f".part-{os.getpid()}-{path.name}")


def _make(directory: Path) -> None:
    try:
        with room_for(directory):
            directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"The directory {directory} cannot be created ({error.strerror}). Choose another "
            "path with --output-dir or --output, or set KAGGLE_PRZ_HOME to another directory."
        ) from error


def _replaceable(path: Path) -> Path:
    """Return the file that a path leads to, through links; nothing else may be replaced."""
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        raise RunError(
            f"{str(path)!r} is a directory or a device, not a file. Give the path of a new file, "
            "or of a file to replace."
        )
    return path


def _existing_parent(path: Path) -> Path:
    return next(parent for parent in [path, *path.absolute().parents] if parent.exists())


@contextlib.contextmanager
def replacing(path: Path, size: int = 0) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place, whole and flushed, at the end.

    The temporary name keeps every suffix of `path`, because writers choose formats by suffix.
    `size` is the bytes that there must be room for, for writers that do not outlive a full disk.
    """
    path = _replaceable(path)
    with room_for(path):
        temporary = _temporary_beside(path)
        try:
            _reserve(temporary, size)
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _reserve(path: Path, size: int) -> None:
    """Fail as a writer of `size` bytes would, where the disk or a quota has no room for them."""
    if size > shutil.disk_usage(path.parent).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    if size and hasattr(os, "posix_fallocate"):
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, whole."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, *, remedy: str = MADE_AGAIN) -> dict[str, object]:
    """Read a JSON object from a file of a run; refuse a missing or damaged one."""
    return read_json_as(path, dict[str, object], remedy=remedy)


def read_json_as(path: Path, form: type[T], *, remedy: str = MADE_AGAIN) -> T:
    """Read JSON of a form, a type that pydantic knows; refuse a missing or damaged file."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path} is missing: {_NO_RUN}") from None
    except ValueError as error:
        raise RunError(f"{path} is not valid JSON ({error}). {remedy}") from None
    except OSError as error:
        raise RunError(
            f"{path} cannot be read ({error.strerror}). Give the directory of a run, "
            "runs/<competition>/<run>."
        ) from None
    return checked(path, value, form, remedy=remedy)


def checked(path: Path, value: object, form: type[T], *, remedy: str = MADE_AGAIN) -> T:
    """Return what a file holds as a value of a form; refuse another, by its first wrong field."""
    try:
        return pydantic.TypeAdapter(form).validate_python(value)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            found = f"{path} lacks {where!r}, which every such file has"
        else:
            message = first["msg"].replace("Input should be", "must be")
            reason = f"{where}: {message}" if where else message
            found = f"{path} has an unexpected value ({reason})"
        raise RunError(f"{found}. {remedy}") from None


def write_arrays(path: Path, **arrays: ArrayLike) -> None:
    """Write named arrays of plain values as a compressed `.npz`, atomically."""
    made = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in made.items():
        if array.dtype.hasobject:
            raise ValueError(
                f"{name} contains Python objects; arrays of a run contain only plain values."
            )
    with replacing(path) as temporary:
        save: Callable[..., None] = np.savez_compressed  # its stub has keywords of other types
        save(temporary, **made)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read every array of an `.npz` into memory; refuse pickles and damaged files."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise RunError(f"{path} is missing: {_NO_RUN}") from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(
            f"{path} is damaged ({error}). Remove its directory and run the command that wrote "
            "it again."
        ) from None


def sha256(path: Path) -> str:
    """Return the hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_empty(directory: Path) -> None:
    """Empty a directory of unfinished work, so that nothing of an earlier try gets sealed."""
    with room_for(directory):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True, exist_ok=True)


def seal(directory: Path, **facts: object) -> None:
    """Write the seal: digest and size of every file in `directory`, last of all.

    A directory without a seal is unfinished work, whatever else is in it.
    """
    files = sorted(p for p in directory.iterdir() if p.name != SEAL and not p.name.startswith("."))
    digests = {p.name: sha256(p) for p in files}
    sizes = {p.name: p.stat().st_size for p in files}
    content = {"version": RECORD_VERSION, "files": digests, "bytes": sizes, **facts}
    write_json(directory / SEAL, content)


def is_sealed(directory: Path) -> bool:
    """Return whether a directory holds finished work whose files are all there, and whole."""
    try:
        sizes = json.loads((directory / SEAL).read_text("utf-8"))["bytes"]
        return all((directory / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


@contextlib.contextmanager
def exclusive(lock: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold `lock`; where another process holds it, call `waiting`, then wait for that process."""
    with room_for(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
    held = filelock.FileLock(lock)
    try:
        held.acquire(timeout=0)
    except filelock.Timeout:
        waiting()
        held.acquire()
    try:
        yield
    finally:
        held.release()


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a run directory for this process; refuse one that another process holds."""

    def refuse() -> None:
        raise RunError(
            f"Another process is using {directory}. Wait until it ends, or choose another run "
            "with --run NAME."
        ) from None

    _make(directory)
    with exclusive(directory / ".lock", refuse):
        yield
