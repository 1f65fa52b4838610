"""What a run ran on, for its record: versions, processor, no account and no path."""

import contextlib
import importlib.util
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kaggle_prz.core import installed_packages
from kaggle_prz.core.errors import MissingExtraError, UsageError

_PACKAGES = (
    "keras",
    "keras-cv",
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "numpy",
    "scikit-learn",
    "pillow",
)
_EXTRA_OF = {"tensorflow": "cpu", "jax": "jax"}
_CARDS = Path("/proc/driver/nvidia/gpus")
_PROCESSORS = Path("/proc/cpuinfo")
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")


def describe() -> dict[str, str]:
    """Return names and versions of what can change a result."""
    versions = {
        name: version for name in _PACKAGES if (version := installed_packages.version(name))
    }
    return {
        "kaggle-prz": installed_packages.own_version(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(processors()),
        "backend": framework(),
        **versions,
    }


def machine() -> str:
    """Return the graphics card, else processor and cores, without loading a framework."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") not in {"", "-1"}:
        cards = _values(sorted(_CARDS.glob("*/information")), "Model")
        if cards:
            return f"{len(cards)} × {cards[0]}"
    processor = _values([_PROCESSORS], "model name")
    named = processor[0] if processor else platform.processor() or platform.machine()
    return f"{named}, {processors()} cores"


def check_framework(*, wants_tensorflow: bool = False) -> None:
    """Refuse to go on where the framework that Keras is set to use is not installed; imports none.

    KerasCV `wants_tensorflow` whichever framework trains.
    """
    named = framework()
    for wanted in dict.fromkeys([named, *(["tensorflow"] if wants_tensorflow else [])]):
        if is_installed(wanted):
            continue
        if wanted in _EXTRA_OF:
            raise MissingExtraError("Training with Keras", wanted, _EXTRA_OF[wanted])
        raise UsageError(
            "The environment variable KERAS_BACKEND or the file ~/.keras/keras.json must name "
            f"an installed framework, tensorflow or jax; received {named!r}, which is not "
            "installed."
        )


def framework() -> str:
    """Return the framework that Keras is set to use, without loading it."""
    return os.environ.get("KERAS_BACKEND") or _configured_backend()


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ValueError, ImportError):  # no name of a package
        return False


def _configured_backend() -> str:
    """Return the backend of Keras's settings file, where it has one."""
    place = os.environ.get("KERAS_HOME")
    file = (Path(place) if place else Path("~/.keras").expanduser()) / "keras.json"
    try:
        return str(json.loads(file.read_text("utf-8"))["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


def processors() -> int:
    """Return how many processors this process may use, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return bytes of memory that this process may use, or None where the system does not say."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(ValueError, OSError):  # of a container; "max" without a limit
        found.append(int(_MEMORY_LIMIT.read_text("utf-8")))
    return min(found, default=None)


def _values(files: list[Path], key: str) -> list[str]:
    """Return values of `key` in the lines `key : value` of files, where they can be read."""
    values = []
    for file in files:
        with contextlib.suppress(OSError):
            lines = (
                line.partition(":") for line in file.read_text("utf-8", "replace").splitlines()
            )
            values += [value.strip() for name, _, value in lines if name.strip() == key]
    return values


@contextlib.contextmanager
def without_banner() -> Iterator[None]:
    """Keep what native libraries print to standard error while they load.

    TensorFlow announces its processor features there, past Python and past its own log level.
    Where loading fails, what was printed is shown after all.
    """
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(shown, 2)
            kept.seek(0)
            os.write(2, kept.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)
