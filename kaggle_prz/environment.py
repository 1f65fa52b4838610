"""What a run ran on, for its record: versions, processor, no account and no path."""

import contextlib
import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
_CARDS = Path("/proc/driver/nvidia/gpus")
_PROCESSORS = Path("/proc/cpuinfo")


def describe() -> dict[str, str]:
    """Names and versions of what can change a result.

    Example:
        >>> describe()["python"].count(".")
        2
    """
    import kaggle_prz

    versions = {name: version for name in _PACKAGES if (version := _version(name))}
    return {
        "kaggle-prz": kaggle_prz.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(processors()),
        **versions,
    }


def machine() -> str:
    """What sets the speed of this machine: the graphics card, else processor and cores.

    Known without loading a framework, and without asking the driver's tools.

    Example:
        >>> machine() == machine() != ""
        True
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") not in {"", "-1"}:
        cards = _told(sorted(_CARDS.glob("*/information")), "Model")
        if cards:
            return f"{len(cards)} × {cards[0]}"
    processor = _told([_PROCESSORS], "model name")
    named = processor[0] if processor else platform.processor() or platform.machine()
    return f"{named}, {processors()} cores"


def processors() -> int:
    """How many processors this process may use; fewer than there are, where it was given some.

    Example:
        >>> processors() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _told(files: list[Path], key: str) -> list[str]:
    """Values of `key` in the lines `key : value` of files, where they can be read."""
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


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
