"""Which file is the sample submission: the one that is named, else by the names of files."""

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.readers import csv_tables, formats
from kaggle_prz.readers.spreadsheets import is_sheet
from kaggle_prz.tasks.infer.tables import sample, words
from kaggle_prz.tasks.infer.tables.sample import Sample
from kaggle_prz.tasks.overrides import Overrides

_NAMES = (
    re.compile(r"sample.*sub|sub.*sample", re.IGNORECASE),
    re.compile(r"_benchmark", re.IGNORECASE),
    re.compile(r"^submission|^submit|submission[-_ ]?format", re.IGNORECASE),
    re.compile(r"^sample$|test.*_sample$", re.IGNORECASE),
)
_ANSWERS = re.compile(r"^(results?|answers?|predictions?|upload)$", re.IGNORECASE)
_DEEPEST = 2  # folders between the root and a sample that is found by its name
_DEEPEST_NAMED = 4  # and between it and one that is named
_MOST_SHOWN = 8
_PEEK = 20


def is_sample(path: Path) -> bool:
    """Return whether a name is one of a sample submission."""
    return any(pattern.search(path.stem) for pattern in _NAMES)


def find(root: Path, said: Overrides | None = None) -> tuple[Sample, str]:
    """Find and read the sample submission.

    Of several versions, the one with the highest number is read. Files with other columns to
    predict are no versions: `said.target` chooses among them, or `said.sample`.

    Raises:
        DataError: there is none, or several.
        UsageError: the file that is named is not there.
    """
    said = said or Overrides()
    if said.sample is not None:
        path, rule, doubt = _named(root, said.sample), "given with --sample", ""
    else:
        path, rule, doubt = _newest(_of_target(root, _by_name(root), said.target))
    found = sample.read(path, said.sample_id, said.target)
    notes = (*found.notes, doubt) if doubt else found.notes
    return Sample(**(vars(found) | {"notes": notes})), rule


def _tables(root: Path, deepest: int) -> Iterator[list[Path]]:
    """Yield the tables of every level of folders, from the root on."""
    folders = [root]
    for _ in range(deepest + 1):
        tables, below = [], []
        for folder in folders:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith((".", "__MACOSX", "~$")):
                        continue
                    if entry.is_dir():
                        below.append(Path(entry.path))
                    elif formats.is_table(entry.name):
                        tables.append(Path(entry.path))
        yield sorted(tables)
        folders = below


def _by_name(root: Path) -> list[Path]:
    """Return the files whose name says so most plainly, of the outermost folder that has such."""
    levels = _Levels(root)
    for plain in (True, False):
        for pattern in _NAMES:
            for tables in levels:
                found = [
                    path for path in tables if pattern.search(path.stem) and _is_text(path) != plain
                ]
                found = found if plain else [path for path in found if _has_columns(path)]
                if found:  # of two copies, not that of Excel
                    return [path for path in found if not is_sheet(path)] or found
    if len(found := _by_form([path for tables in levels for path in tables])) == 1:
        return found
    others = [path for path in sorted(root.iterdir()) if path.is_file() and is_sample(path)]
    if others:
        raise DataError(
            f"The sample submission must be a CSV file (.csv, .tsv or .txt), or .xlsx; "
            f"{others[0]} is called like one. Save it as sample_submission.csv."
        )
    raise DataError(
        f"{root} has no sample submission: a CSV file with 'sample' and 'submission' in its "
        "name, such as sample_submission.csv. It must have the columns and rows to predict. If "
        f"it has another name, choose it with --sample.{_listed(root, levels)}"
    )


def _by_form(tables: Sequence[Path]) -> list[Path]:
    """Return tables that are forms to fill in: called so, or like that of training without labels.

    Such a table has the columns of another one, and the same cell in all rows of the last.
    """
    if called := [path for path in tables if _ANSWERS.search(path.stem)]:
        return called
    headers = {path: csv_tables.header(path) for path in tables}
    return [
        path
        for path, names in headers.items()
        if len(names) > 1
        and "train" not in path.stem.lower()
        and any(names == headers[other] for other in tables if other != path)
        and csv_tables.read_csv(path, columns=names[-1:])[names[-1]].nunique() == 1
    ]


class _Levels:
    """Tables level by level, each level read once."""

    def __init__(self, root: Path) -> None:
        self._rest = _tables(root, _DEEPEST)
        self._read: list[list[Path]] = []

    def __iter__(self) -> Iterator[list[Path]]:
        yield from self._read
        for tables in self._rest:
            self._read.append(tables)
            yield tables


def _is_text(path: Path) -> bool:
    return path.suffix.lower() == ".txt"


def _has_columns(path: Path) -> bool:
    """Return whether the lines of a text have several cells, all as many; prose has not."""
    try:
        encoding, separator = csv_tables.dialect(path)
        if separator == csv_tables.BLANKS:
            return True
        with path.open(encoding=encoding) as file:
            lines = [line for line in itertools.islice(file, _PEEK) if line.strip()]
    except (OSError, UnicodeError):
        return False
    counts = {line.count(separator) for line in lines if not line.startswith("#")}
    return len(counts) == 1 and counts != {0}


def _of_target(root: Path, found: Sequence[Path], target: str | None) -> list[Path]:
    """Return the versions of one sample submission."""
    by_form: dict[frozenset[str], list[Path]] = {}
    for path in found:
        names = csv_tables.header(path)
        by_form.setdefault(frozenset(_columns(names)), []).append(path)
    if len(by_form) > 1:
        by_form.pop(frozenset(), None)  # empty or damaged
    groups = list(by_form.values())
    if len(groups) == 1 and target is None:
        return groups[0]
    if target is not None:
        for suits in (_has_column, _has_word):
            suited = [[path for path in group if suits(path, target)] for group in groups]
            suited = [group for group in suited if group]
            if len(suited) == 1:
                return suited[0]
    if len(groups) == 1:
        return groups[0]
    listed = "; ".join(
        f"{path.relative_to(root).as_posix()} ({words.some(sorted(form), 4)})"
        for form, group in by_form.items()
        for path in group
    )
    asked = "" if target is None else f" None or several of them have the target {target!r}."
    raise DataError(
        f"{root} has several sample submissions with different columns: {listed}.{asked} Choose "
        f"one with --sample, for example --sample {groups[0][0].relative_to(root).as_posix()}, or "
        "the column of labels with --target."
    )


def _columns(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if not sample.is_unnamed(name) and name.lower() != "usage":
            yield name


def _has_column(path: Path, target: str) -> bool:
    return words.plain(target) in {words.plain(name) for name in csv_tables.header(path)}


def _has_word(path: Path, target: str) -> bool:
    parts, wanted = words.parts(path.stem), words.parts(target)
    return any(parts[k : k + len(wanted)] == wanted for k in range(len(parts)))


def _newest(found: Sequence[Path]) -> tuple[Path, str, str]:
    """Return the version with the highest number, why, and a sentence where names differ more."""
    *others, last = sorted(found, key=_numbers)
    several = f"; the last of {len(found)} such files" if others else ""
    unlike = [path for path in others if _without_numbers(path) != _without_numbers(last)]
    doubt = ""
    if unlike:
        doubt = (
            f"{last.name} and {words.some([path.name for path in unlike])} have the same columns; "
            f"{last.name} is read. To read another, choose it with --sample."
        )
    if is_sample(last):
        return last, f"its name has sample and submission{several}", doubt
    doubt = (
        f"No file is called a sample submission; {last.name} is read as one. To read another, "
        "choose it with --sample."
    )
    return last, "it is a form to fill in", doubt


def _numbers(path: Path) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", path.stem)], path.name


def _without_numbers(path: Path) -> str:
    return words.plain(re.sub(r"\d+|stage|version|v(?=\d)|final", "", path.stem.lower()))


def _named(root: Path, name: str) -> Path:
    """Return the file of a path in the directory, of a name in any folder, or of another path."""
    within = Path(name)
    if not within.is_absolute() and ".." not in within.parts and (root / within).is_file():
        return root / within
    tables = [path for level in _tables(root, _DEEPEST_NAMED) for path in level]
    found = [path for path in tables if path.name == name]
    if not found and within.is_file():
        found = [path for path in tables if path.resolve() == within.resolve()]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(path.relative_to(root).as_posix() for path in found)
        raise UsageError(
            f"--sample {name!r} is the name of several files: {listed}. Name one with its folder."
        )
    raise UsageError(f"--sample {name!r} is not a file in {root}.{_listed(root, [tables])}")


def _listed(root: Path, levels: "Iterator[list[Path]] | list[list[Path]] | _Levels") -> str:
    tables = [path for level in levels for path in level]
    if not tables:
        return " It has no tables."
    tables.sort(key=lambda path: (not is_sample(path), len(path.parts), path))
    names = [path.relative_to(root).as_posix() for path in tables]
    return f" Its tables are {words.some(names, _MOST_SHOWN)}."
