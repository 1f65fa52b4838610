"""Packages installed beside this one, and where what one of them wants is not what is there."""

import importlib.metadata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement


class Contradiction(NamedTuple):
    """A package whose requirement of package `wanted` what is installed does not meet."""

    name: str
    wanted: str
    sentence: str


def version(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def own_version() -> str:
    """Return the version of kaggle-prz."""
    return importlib.metadata.version("kaggle-prz")


def requirements(package: str) -> Iterator[Requirement]:
    """Return what an installed package wants on this machine, without its extras."""
    for line in importlib.metadata.requires(package) or []:
        try:
            wanted = Requirement(line)
        except InvalidRequirement:  # of an old package, which pip does not read either
            continue
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            yield wanted


def contradictions(packages: Iterable[str]) -> Iterator[Contradiction]:
    """Yield what some packages, where they are installed, want in another version than is there."""
    for name in packages:
        own = version(name)
        for wanted in requirements(name) if own is not None else ():
            found = version(wanted.name)
            if found is not None and not wanted.specifier.contains(found, prereleases=True):
                asked = f"{name} {own} requires {wanted.name}{wanted.specifier}"
                yield Contradiction(name, wanted.name, f"{asked}, and {found} is installed")
