"""Parquet files: a column of image files or of lists, or a pixel a column. Needs pyarrow."""

import itertools
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.containers import wide
from kaggle_prz.readers.containers.blocks import Blocks, refuse_unbelievable
from kaggle_prz.readers.containers.form import Form, Row, form_of, others, picture_of, shape_of
from kaggle_prz.readers.containers.rows import NoPicturesError, Records

_BUFFER = 2**13  # bytes that are read of a column at a time; there may be 30,000 columns
_AT_ONCE = 256  # rows; a block may need several times as many


def members(path: Path) -> dict[str, Records]:
    """Return the rows of a file; see `_Parquet`."""
    return {"": _Parquet(path)}


class _Parquet(Records):
    """One file."""

    def __init__(self, path: Path):
        self._path = path
        file = self._open()
        self._groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
        self.rows = sum(group.num_rows for group in self._groups)
        held = [group.total_byte_size for group in self._groups]
        refuse_unbelievable(max(sum(held), *held, self.rows, -min([0, *held])), path.stat().st_size)
        names = list(file.schema_arrow.names)
        self._pixels = wide.columns_of(file.schema_arrow)
        self.form = self._form_of(file)
        fields = set(self._pixels or self.form.fields)
        self._others = [name for name in names if name not in fields]
        self._blocks: Blocks[Row] = Blocks(self._read, self.rows, sum(held) // max(1, self.rows))
        self._at = -1  # the row that comes next
        self._coming: Iterator[pa.RecordBatch] = iter(())
        self._lock = threading.Lock()

    @cached_property
    def _turned(self) -> Array:
        """Rows of pixels, which the file holds by columns."""
        return wide.turned(self._open(), self._pixels, self.rows)

    def table(self) -> pd.DataFrame:
        """See `Records`; of a picture that is held with a path, that as well."""
        paths = [] if self._pixels else [f"{name}.path" for name in self.form.fields]
        file = self._open()
        schema = {".".join(column.path.split(".")[:2]) for column in file.schema}
        columns = [*self._others, *(name for name in paths if name in schema)]
        rows: list[dict[str, object]] = []
        for batch in file.iter_batches(batch_size=_AT_ONCE, columns=columns) if columns else ():
            for row in batch.to_pylist():
                rows.append(dict(others(row, self.form)))
        return pd.DataFrame.from_records(rows, index=range(self.rows))

    def picture(self, row: int) -> bytes | Array:
        """See `Records`."""
        if not self._pixels:
            return picture_of(self._blocks[row], self.form)
        with self._lock:
            turned: Array = self._turned[row]
        return turned.reshape(self.form.shape or ())

    def _open(self) -> parquet.ParquetFile:
        return parquet.ParquetFile(self._path, buffer_size=_BUFFER, pre_buffer=False)

    def _form_of(self, file: parquet.ParquetFile) -> Form:
        if self._pixels:
            named = f"{self._pixels[0]} to {self._pixels[-1]}"
            return Form((named,), shape_of(len(self._pixels)))
        for batch in file.iter_batches(batch_size=1) if self.rows else ():
            form = form_of(batch.slice(0, 1).to_pylist()[0])
            if form is not None:
                return form
            break
        raise NoPicturesError

    def _read(self, begin: int, end: int) -> list[Row]:
        """Return rows; read on where the last block ended, if it may be."""
        if begin != self._at:
            self._coming = self._from(begin)
        self._at, got, batches = -1, 0, []
        while got < end - begin:
            batch = next(self._coming, None)
            if batch is None:
                break
            batches.append(batch)
            got += batch.num_rows
        table = pa.Table.from_batches(batches)
        rest = table.slice(end - begin).to_batches()
        self._coming, self._at = itertools.chain(rest, self._coming), end
        rows: list[Row] = table.slice(0, end - begin).to_pylist()
        return rows

    def _from(self, begin: int) -> Iterator[pa.RecordBatch]:
        """Batches from a row on; those of its group before it are skipped."""
        group = 0
        while group < len(self._groups) and begin >= self._groups[group].num_rows:
            begin -= self._groups[group].num_rows
            group += 1
        batches = self._open().iter_batches(
            batch_size=min(_AT_ONCE, self._blocks.length),
            row_groups=range(group, len(self._groups)),
            columns=list(self.form.fields),
        )
        for batch in batches:
            if begin < batch.num_rows:
                yield batch.slice(begin)
            begin = max(0, begin - batch.num_rows)
