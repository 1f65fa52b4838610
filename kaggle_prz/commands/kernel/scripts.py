"""Where the two kernel scripts are: in the installed package, or at the top of a source tree."""

from pathlib import Path

from kaggle_prz.core.errors import RunError

INSTALLED = Path(__file__).parent / "kernels"
_SOURCE = Path(__file__).parents[3] / "kernels"


def home() -> Path:
    """Directory of the scripts, one sub-directory each.

    Raises:
        RunError: the installation lacks them.
    """
    for place in (INSTALLED, _SOURCE):
        if (place / "train" / "train.py").is_file():
            return place
    raise RunError(f"{INSTALLED} is missing: kaggle-prz is not installed whole. Install it again.")


def all_files() -> list[Path]:
    """Scripts and metadata of every mode."""
    return sorted(file for file in home().glob("*/*") if file.suffix in {".py", ".json"})
