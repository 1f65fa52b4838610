"""Pictures in files of many: which files, which role, the names of their rows, and own labels."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError, MissingExtraError, UsageError
from kaggle_prz.readers import containers, csv_tables, formats, json_tables
from kaggle_prz.readers.formats import Format
from kaggle_prz.tasks.infer.hints import Hints
from kaggle_prz.tasks.infer.pictures import files, pixel_rows
from kaggle_prz.tasks.infer.pictures.files import Index, Role
from kaggle_prz.tasks.infer.pictures.pixel_rows import ROW
from kaggle_prz.tasks.infer.pictures.scan import Scan, role_of
from kaggle_prz.tasks.infer.tables import LabelTable, Sample

_ROLES = ("train", "test")
_MOST_NAMES = 20  # columns that may name rows
_PATH = ".path"


@dataclass(frozen=True)
class _Part:
    """The pictures of one file, or of one array in it."""

    path: str
    member: str
    role: str
    held: containers.Records

    def references(self) -> Iterator[str]:
        start = f"{self.path}#{self.member}#" if self.member else f"{self.path}#"
        return (f"{start}{row}" for row in range(self.held.rows))

    def frame(self, root: Path) -> pd.DataFrame:
        try:
            return json_tables.as_text(self.held.table())
        except (MemoryError, DataError):
            raise
        except Exception as error:  # damaged files raise errors of every kind
            raise DataError(
                f"{root / self.path} cannot be read: {error}. Download it again."
            ) from (error)


def find(
    root: Path, seen: Scan, sample: Sample, hints: Hints
) -> tuple[Index, LabelTable | None] | None:
    """Return pictures in containers of both roles, and the labels that they hold; else None."""
    faults: list[DataError | MissingExtraError] = []
    for form in formats.known():
        if not form.records:
            continue
        paths, note = _without_copies(root, _of_format(seen, form))
        parts = list(_parts(root, paths, faults))
        train, test = (_of_role(parts, role) for role in _ROLES)
        if not train or not test:
            continue
        try:
            return _read(root, seen, sample, hints, parts=(train, test), note=note)
        except DataError as error:
            faults.append(error)
    if faults and files.of_scan(seen) is None:
        raise faults[0]
    return None


def _of_format(seen: Scan, form: Format) -> list[tuple[str, str]]:
    """Return paths and roles of the files of a format."""
    if form.kind == formats.TABLES:
        return [(path, _role_of(path)) for path in seen.tables if formats.of(path) is form]
    return [
        (path, role)
        for role in (*_ROLES, "")
        for path in seen.of(form.kind, role)
        if formats.of(path) is form
    ]


def _role_of(path: str) -> str:
    return next(filter(None, map(role_of, path.split("/"))), "")


def _without_copies(root: Path, paths: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], str]:
    """Return the largest of several folders that have equally many files of both roles."""
    folders: dict[str, list[tuple[str, str]]] = {}
    for path, role in paths:
        parts = path.split("/")
        said = next((n for n, part in enumerate(parts) if role_of(part)), len(parts) - 1)
        folders.setdefault("/".join(parts[:said]), []).append((path, role))
    counts = {name: Counter(role for _, role in found) for name, found in folders.items()}
    if len(folders) < 2 or len({tuple(sorted(count.items())) for count in counts.values()}) > 1:
        return paths, ""
    if set(next(iter(counts.values()))) < set(_ROLES):
        return paths, ""
    sizes = {n: sum((root / path).stat().st_size for path, _ in f) for n, f in folders.items()}
    largest = max(sizes, key=sizes.__getitem__)
    return folders[largest], f", the largest of {len(folders)} folders of copies"


def _parts(
    root: Path,
    paths: Iterable[tuple[str, str]],
    faults: list[DataError | MissingExtraError],
) -> Iterator[_Part]:
    for path, role in paths:
        try:
            for member, held in containers.open_file(root / path).items():
                if held.rows:
                    yield _Part(path, member, role or role_of(member), held)
        except (DataError, MissingExtraError) as error:
            faults.append(error)


def _of_role(parts: list[_Part], role: str) -> list[_Part]:
    """Return those of a role, else of none, in the form that most of their rows have."""
    found = [part for part in parts if part.role == role] or [
        part for part in parts if not part.role
    ]
    forms: Counter[str] = Counter()
    for part in found:
        forms[_form(part)] += part.held.rows
    return [part for part in found if _form(part) == forms.most_common(1)[0][0]]


def _form(part: _Part) -> str:
    return f"{part.held.form.shape} {'' if part.member else part.held.form.fields}"


def _read(
    root: Path,
    seen: Scan,
    sample: Sample,
    hints: Hints,
    *,
    parts: tuple[list[_Part], list[_Part]],
    note: str,
) -> tuple[Index, LabelTable | None]:
    frames = [pd.concat([p.frame(root) for p in some], ignore_index=True) for some in parts]
    frames = [frame.fillna("") for frame in frames]
    train, test = (
        _named(role, some, frame) for role, some, frame in zip(_ROLES, parts, frames, strict=True)
    )
    first = parts[0][0]
    form = first.held.form
    taken = {part.path for some in parts for part in some}
    columns = frames[1].columns if parts[0] != parts[1] else ()
    known = {str(n): frozenset(pd.unique(frames[1][n].str.strip())) for n in columns}
    index = Index(
        train,
        test,
        tuple(path for path in seen.tables if path not in taken),
        shared=parts[0] == parts[1],
        kind="records",
        channels=form.channels,
        pictures=(str(form), f"content of the first row of {first.path}{note}"),
        test_columns={name: values for name, values in known.items() if len(values) > 1},
    )
    own = _own(root, first, frames[0], sample, hints)
    return index, pixel_rows.labels(root, seen, index) if own is None else own


def _named(role: str, parts: list[_Part], frame: pd.DataFrame) -> Role:
    """Return the rows of a role by every column with unique values, and by number."""
    paths = tuple(path for part in parts for path in part.references())
    named: dict[str, dict[str, str]] = {}
    for column in frame.columns[:_MOST_NAMES]:
        values = frame[column].str.strip()
        if values.duplicated().any():
            continue
        named[f"row's {column}"] = dict(zip(values, paths, strict=True))
        if column.endswith(_PATH):
            for key, of in (("name", "file name"), ("stem", "stem")):
                short = [getattr(PurePosixPath(value), key) for value in values]
                named[f"{of} in {column}"] = dict(zip(short, paths, strict=True))
    for base in (0, 1):
        named[f"{ROW}, from {base}"] = {str(n): path for n, path in enumerate(paths, base)}
    return Role(role, paths, named)


def _own(
    root: Path, part: _Part, frame: pd.DataFrame, sample: Sample, hints: Hints
) -> LabelTable | None:
    """Return the labels that a container holds as a table, or None where it holds names alone."""
    names = [column for column in frame.columns if not frame[column].duplicated().any()]
    if hints.id_column is not None and hints.id_column in frame.columns:
        if hints.id_column not in names:
            raise UsageError(
                f"Several rows of {part.path} have the same {hints.id_column!r} (--id-column); "
                "every row needs a unique name."
            )
        chosen = hints.id_column
    else:
        alike = [name for name in names if name == sample.id_column]
        alike += [name for name in names if name.lower().endswith(("id", "ids"))]
        alike += [name for name in names if name.endswith(_PATH)]
        chosen = next(iter(alike), ROW)
    frame = frame.drop(columns=[n for n in frame if n.endswith(_PATH) and n != chosen])
    if not len(frame.columns.difference([chosen])):
        return None
    if chosen == ROW:
        frame = frame.assign(**{ROW: np.arange(len(frame)).astype(str)})
    ids = csv_tables.text_of(frame[chosen], root / part.path)
    return LabelTable(root / part.path, chosen, ids, frame, "its rows have images and labels")
