"""What `inspect` shows of a competition: its task, its images, and what is wrong with them.

    competition -> task -> heads of images -> images, opened -> words, JSON, a page

It trains nothing, and leaves the store of images that a run of the same size begins with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaggle_prz import competitions, images, report
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import (
    DataError,
    DiskFullError,
    MissingExtraError,
    UsageError,
    printable,
)
from kaggle_prz.core.task import Task
from kaggle_prz.readers.pictures import headers
from kaggle_prz.readers.pictures.headers import Heads
from kaggle_prz.report import terminal
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.tasks import findings, image_rows, infer
from kaggle_prz.tasks.findings import Findings, Pair
from kaggle_prz.tasks.overrides import Overrides

MOST_OPENED = 5000
_SMALL = 48  # px of the store of more images than that
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Inspection:
    """A competition as it was read, the heads of its images, and what was found in them."""

    task: Task
    heads: Heads
    findings: Findings


def inspect(competition: str, *, console: Console | None = None, **overrides: Any) -> Task:
    """Read what a competition's files are taken for; trains nothing.

    Args:
        competition: name or address of a competition, or the path of a directory with its files.
        console: gets a bar while archives are unpacked; default: says nothing.
        **overrides: the keys of `kaggle_prz.tasks.overrides.Overrides`, such as `metric`, `target`
            and `sample`, to settle what the rules would not.

    Raises:
        CompetitionNotFoundError: no host knows it.
        DataError: the files do not say what is needed.

    Example:
        >>> inspect("shapes").cell
        'probabilities'
    """
    return read(competitions.find(competition), Overrides.parse(overrides), console)


def read(source: competitions.Source, overrides: Overrides, console: Console | None) -> Task:
    """Read what the files of a competition that is found already are taken for; see `inspect`."""
    about = source.about
    return infer.read(
        source.download(console),
        slug=source.slug,
        flips=about.flips,
        host_metric=about.metric or None,
        console=console,
        **overrides.given,
    )


def look(
    competition: str,
    *,
    check_images: bool | None = None,
    console: Console | None = None,
    **overrides: Any,
) -> Inspection:
    """Read a competition's files and, unless they are many, open its images."""
    console = console or Silent()
    source = competitions.find(competition)
    task = read(source, Overrides.parse(overrides), console)
    heads = headers.look(task.root, image_rows.files_of(task))
    return Inspection(task, heads, _findings(source, task, check_images, console))


def _findings(
    source: competitions.Source, task: Task, check_images: bool | None, console: Console
) -> Findings:
    count = findings.files(task)
    what = "to find unreadable files, near-duplicates and leaks"
    if check_images is False or (check_images is None and count > MOST_OPENED):
        why = f", because there are {count:,}, more than {MOST_OPENED:,}" * (check_images is None)
        return findings.unopened(
            task, f"Images were not opened {what}{why}. Use --check-images to open them."
        )
    try:
        decoded = _decoded(source, task, count, console)
    except images.TooManyUnreadableError as error:
        return findings.unopened(task, str(error), error.reasons)
    except (DataError, DiskFullError, MissingExtraError) as error:
        if check_images:
            raise
        return findings.unopened(task, f"Images were not opened {what}: {error}")
    return findings.look(task, decoded)


def _decoded(
    source: competitions.Source, task: Task, count: int, console: Console
) -> images.Decoded:
    """Return images at the recipe's first size; at a smaller one where they are very many."""
    size = Recipe.parse({}, defaults=dict(source.about.recipe)).sizes[0]
    return images.decode(
        task.root,
        image_rows.files_of(task),
        [size if count <= MOST_OPENED else min(size, _SMALL)],
        filesystem.home() / "images" / task.slug,
        console,
        channels=task.channels,
        pixel_range=task.pixel_range,
        largest_pixels=task.largest_pixels,
    )


def show(found: Inspection, console: Console) -> None:
    """Show how the files are read, the classes, the images, and notes."""
    terminal.show_task(found.task, console)
    terminal.show_classes(found.task, console)
    heads = found.heads
    lines = [("size, px", heads.size), ("mode", heads.mode)] if heads.looked else []
    if lines := [*lines, *_of_findings(found.findings)]:
        some = f" (sizes of {heads.looked} of {heads.of})" if heads.looked < heads.of else ""
        console.table(f"images{some}", ("", "found"), lines)
    for note in notes(found):
        console.say(f"Note: {note}")


def write(found: Inspection, path: Path) -> Path:
    """Write one HTML page with what was found, and pictures."""
    above = next(parent for parent in path.absolute().parents if parent.exists())
    if not above.is_dir():
        raise UsageError(f"--report takes the path of a file to write; {above} is not a directory.")
    return report.write_inspection(path, found.task, found.heads, found.findings, notes(found))


def facts(found: Inspection) -> dict[str, object]:
    """Return all of it as JSON values; what was not looked at is None."""
    these = found.findings
    compared = not these.unsaid
    opened = these.opened > 0 or compared
    unreadable = [{"file": i.file, "role": i.role, "reason": why} for i, why in these.unreadable]
    return terminal.task_facts(found.task) | {
        "images": vars(found.heads),
        "opened": these.opened,
        "not_compared": these.unsaid or None,
        "unreadable": unreadable if opened else None,
        "duplicates": _duplicates(these) if compared else None,
        "leaks": {
            "images": [_pair(pair) for pair in these.leaks] if compared else None,
            "groups": list(these.groups),
            "ids": list(these.ids),
        },
    }


def _duplicates(these: Findings) -> dict[str, object]:
    return {
        "images": sum(map(len, these.sets)),
        "sets": [[image.file for image in members] for members in these.sets],
        "same_label": len(these.sets) - these.contradicting,
        "contradicting_label": these.contradicting,
        "pairs": [
            _pair(pair)
            | {"labels": [pair.first.label, pair.second.label], "contradicting": pair.contradicting}
            for pair in these.pairs
        ],
    }


def _pair(pair: Pair) -> dict[str, object]:
    return {"files": [pair.first.file, pair.second.file], "same": pair.same}


def _of_findings(these: Findings) -> Iterator[tuple[str, str]]:
    compared = not these.unsaid
    if these.opened:
        yield "unreadable", f"{len(these.unreadable) or 'none'} of {these.opened}"
    if compared:
        count = sum(map(len, these.sets))
        told = f"{count} training images in {_counted(len(these.sets), 'set')}"
        if these.contradicting:
            told += f", {these.contradicting} with different labels"
        yield "near-duplicates", told if count else "none"
    leaks = [
        _counted(len(leaking), noun)
        for leaking, noun in (
            (these.leaks, "test image"),
            (these.groups, "group"),
            (these.ids, "id"),
        )
        if leaking
    ]
    if compared or leaks:
        yield "leaks", ", ".join(leaks) or "none"


def notes(found: Inspection) -> list[str]:
    """Return sentences on what was found, and on what was not looked at; the task has its own."""
    these = found.findings
    broken = [f"{image.file} ({why})" for image, why in these.unreadable]
    told = []
    if these.unsaid:
        told.append(these.unsaid)
    elif broken:
        told.append(f"{_counted(len(broken), 'image')} cannot be decoded: {_named(broken)}")
    if not these.opened and (heads := found.heads.unreadable):
        told.append(f"{_counted(len(heads), 'image')} cannot be opened: {_named(heads)}")
    if these.contradicting:
        pair, end = these.pairs[0], ", …" if these.contradicting > 1 else "."
        told.append(
            f"Near-duplicates have different labels in {_counted(these.contradicting, 'set')}, "
            f"so some labels are wrong or uncertain: {pair.first.file} is {pair.first.label!r} "
            f"and {pair.second.file} is {pair.second.label!r}{end}"
        )
    if these.leaks:
        named = [f"{pair.second.file} of {pair.first.file}" for pair in these.leaks]
        same = sum(pair.same for pair in these.leaks)
        are = "is a near-duplicate" if len(named) == 1 else "are near-duplicates"
        told.append(
            f"{_counted(len(named), 'test image')} {are} of training images ({same} pixel for "
            f"pixel), so the test score may be better than the out-of-fold score: {_named(named)}"
        )
    if these.ids:
        named = list(these.ids)
        told.append(
            f"{_counted(len(named), 'id')} in both the training set and the test set: "
            f"{_named(named)}"
        )
    return [printable(sentence) for sentence in told]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else ".")
