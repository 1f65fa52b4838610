"""What a run ran on, for its record: versions, processor, no account and no path."""

import contextlib
import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Iterator

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
        "processors": str(_processors()),
        **versions,
    }


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


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
