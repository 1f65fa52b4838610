"""What a run ran on, for its record: versions, processor, no account and no path."""

import importlib.metadata
import os
import platform

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


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
