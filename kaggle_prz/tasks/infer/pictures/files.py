"""Pictures of a competition by role, and ids -> files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import formats
from kaggle_prz.tasks.infer.pictures.roles import INNER, NUMBER, Bags, Role, composed, key_of
from kaggle_prz.tasks.infer.pictures.scan import Scan, scan
from kaggle_prz.tasks.infer.tables import words

__all__ = [
    "ENOUGH",
    "NUMBER",
    "Index",
    "Role",
    "as_paths",
    "best_share",
    "index",
    "match",
    "several_files",
]

ENOUGH = 0.95

_TEXTS = {"", ".txt", ".md", ".py", ".ipynb", ".xml", ".pdf", ".yaml"}
_VIDEO = ": a video. Save its frames as image files"
_SOUND = ": a sound. Save its spectrogram as an image file"
_WHAT = {
    ".bson": ". Save its images as image files, and its categories as a table",
    **dict.fromkeys((".mp4", ".avi", ".mov", ".mkv", ".webm"), _VIDEO),
    **dict.fromkeys((".wav", ".mp3", ".flac", ".ogg"), _SOUND),
}


@dataclass(frozen=True)
class Index:
    """A competition's pictures: those to train on and those to predict."""

    train: Role  # pictures that a table of labels may name
    test: Role  # pictures that the sample submission may name
    tables: tuple[str, ...] = ()  # relative paths of CSV and JSON files
    described: tuple[str, ...] = ()  # relative paths of JSON files of an image each
    shared: bool = False  # no folders tell the roles apart: a picture may be of either
    kind: str = "images"  # of `readers.formats`, or "stacks" or "pixels"
    channels: int | None = None  # of a picture, where the kind does not say
    pictures: tuple[str, str] | None = None  # how they are held and why, if in one of several ways
    # what rows to predict say of themselves: column -> its values
    test_columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bags: Bags | None = None  # where rows are bags of pictures, which these are

    @property
    def by_row(self) -> bool:
        """Whether a row's number may be the only name of a picture."""
        return self.kind in ("stacks", "records")

    def members(self, path: str) -> tuple[str, ...]:
        """Return all pictures of a row, by its first; none where it has none."""
        if self.bags is not None and path in self.bags.members:
            return self.bags.members[path]
        return (path,) if path else ()


def index(root: Path, seen: Scan | None = None, ids: Text | None = None) -> Index:
    """Find the pictures below `root`; a folder with `test` in its name holds the test set.

    If there is no such folder, images whose folders name no role are in both sets; so are those of
    the training set if `ids`, to predict, name some. Image files are preferred to arrays, and
    arrays to DICOM files, since they are often copies of those.
    """
    seen = seen or scan(root)
    found = of_scan(seen) or of_scan(scan(root, with_extra=True)) or _of_train(seen, ids)
    if found is None:
        raise no_images(root, seen)
    return found


def no_images(root: Path, seen: Scan) -> DataError:
    """Return the error for a directory that lacks a role."""
    some = any(role != "test" for _, role in seen.files)
    known = ", ".join(formats.kinds()[formats.IMAGES])
    often = [(end, count) for end, count in seen.unread.most_common(2) if end not in _TEXTS]
    unread = "".join(
        f" {count} files end in {end}, which is not read{_WHAT.get(end, '')}."
        for end, count in often
    )
    if not unread and not seen.files and seen.tables:
        unread = (
            f" Its tables ({words.some(seen.tables, 3)}) have no header with columns of pixels, "
            "such as pixel0, pixel1."
        )
    listed = "" if unread else f" ({known})"
    return DataError(
        f"{root} has no {('test' if some else 'train')} images{listed}.{unread} Test images are "
        "those below a folder with 'test' in its name; all others are training images."
    )


def of_scan(seen: Scan) -> Index | None:
    """Return pictures of the first kind that both roles have, if any."""
    found = []
    for kind in formats.kinds():
        train, test, unsaid = (seen.of(kind, role) for role in ("train", "test", ""))
        if (train or unsaid) and (test or unsaid):
            index = Index(
                Role("train", tuple(sorted([*train, *unsaid]))),
                Role("test", tuple(test or unsaid)),
                tuple(seen.tables),
                shared=not test,
                kind=kind,
            )
            found.append(index)
    return min(found, key=lambda index: index.shared, default=None)


def _of_train(seen: Scan, ids: Text | None) -> Index | None:
    """Return pictures to train on, if `ids` are names of some."""
    for kind in formats.kinds():
        paths = tuple(seen.of(kind, "train"))
        if paths and ids is not None and best_share(ids, Role("test", paths)) >= ENOUGH:
            roles = Role("train", paths), Role("test", paths)
            return Index(*roles, tuple(seen.tables), shared=True, kind=kind)
    return None


def several_files(ids: Text, role: Role) -> str:
    """Return a sentence where each id stands for several files, which is not supported."""
    names = set(_cleaned(ids))
    stems = [key_of(path, "stem", 1) for path in role.paths]
    if len({stem.rpartition("_")[0] for stem in stems} & names) > 0.5 * len(names):
        return (
            f" Each of its images has several files, such as {stems[0]}; such files are not "
            "supported."
        )
    folders = [key_of(path, "folder", 1) for path in role.paths]
    if len(set(folders) & names) > 0.5 * len(names):
        return (
            " Its ids are folders of several files, named like channels or masks of one image; "
            "such folders are not supported."
        )
    return ""


def match(ids: Text, role: Role, *, exact: bool = False) -> tuple[Text, str]:
    """Return `(ids,)` paths, or "", by the first rule that finds 95 %, else by several; and how.

    Numbers that find none are looked for without a fraction of zeros, such as `3.0`. With `exact`
    an id is a whole name or path.
    """
    names = _cleaned(ids)
    best: tuple[int, str, list[str]] = (-1, "", [])
    others: list[list[str]] = []
    for rule, find in role.finders(exact=exact):
        found = [find(name) or "" for name in names]
        count = len(found) - found.count("")
        if rule in {NUMBER, INNER} and (
            count < ENOUGH * len(ids) or len(set(found) - {""}) < count
        ):
            continue  # zeros are part of an id beside ids that have them
        others.append(found)
        if count > best[0]:
            best = count, rule, found
        if count >= ENOUGH * len(ids) and not role.named:
            break  # numbers of rows from 0 and from 1 differ by one hit only
    count, rule, paths = best
    if count < ENOUGH * len(ids) and not role.named:
        mixed = [next(filter(None, row), "") for row in zip(paths, *others, strict=True)]
        if mixed != paths:
            paths, rule = mixed, f"{rule}, else another name"
    hits = len(paths) - paths.count("")
    if not hits and (whole := words.whole(ids)) is not ids:
        return match(whole, role, exact=exact)
    return np.array(paths, dtype=str), f"id is the {rule} ({hits} of {len(ids)} found)"


def best_share(ids: Text, role: Role, *, exact: bool = False) -> float:
    """Share of ids with a file, by the rule that finds most."""
    paths, _ = match(ids, role, exact=exact)
    return int(np.count_nonzero(paths != "")) / max(1, len(ids))


def _cleaned(ids: Text) -> list[str]:
    return as_paths([composed(name) for name in ids.tolist()])


def as_paths(names: list[str]) -> list[str]:
    """Return names as paths are written here: slashes between folders alone, and no dot first."""
    if not any("/" in name or "\\" in name for name in names):
        return names
    slashes = (words.address(name).strip().replace("\\", "/") for name in names)
    return [str(PurePosixPath(name)).lstrip("/") for name in slashes]
