"""Where the host keeps what in the tool's home."""

from pathlib import Path

from kaggle_prz.workdir import home


def files(slug: str) -> Path:
    """Directory of a competition's public files; there as a whole, or not at all."""
    return home() / "competitions" / slug


def state(slug: str) -> Path:
    """Directory of what is known of a competition besides: facts, a begun download, a ledger."""
    return home() / "kaggle" / slug


def has_files(slug: str) -> bool:
    """Whether the public files are there."""
    directory = files(slug)
    return directory.is_dir() and any(directory.iterdir())


def known() -> list[str]:
    """Slugs of the competitions that were asked for before on this machine."""
    below = home() / "kaggle"
    return sorted(p.parent.name for p in below.glob("*/facts.json"))
