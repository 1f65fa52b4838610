"""The form of a submission: the sample's header, the places of its cells, and how it is written."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from kaggle_prz.core.task import Task
from kaggle_prz.readers import csv_tables, decimals
from kaggle_prz.tasks.infer.tables import sample as samples

Rows = list[list[str]]


@dataclass(frozen=True)
class Form:
    """What a submission has in common with the sample.

    It has commas between cells and decimal points, unless the sample's numbers have decimal
    commas; then it is written as the sample is.
    """

    header: tuple[str, ...]
    rows: Rows  # cells of the sample
    ids: int  # place of the column of ids
    targets: tuple[int, ...]  # places of the columns to predict; others are copied
    separator: str
    commas: bool  # whether numbers have decimal commas

    @cached_property
    def copied(self) -> tuple[int, ...]:
        """Places of columns whose cells are the sample's."""
        return tuple(k for k in range(len(self.header)) if k not in {self.ids, *self.targets})

    def names(self) -> list[str]:
        """Return the ids, blanks around them stripped, in the sample's order."""
        return [row[self.ids].strip() for row in self.rows]

    def filled(self, cells: Iterable[Sequence[str]]) -> Rows:
        """Return the sample's rows with other cells in the columns to predict."""
        write = decimals.comma if self.commas else str
        rows = []
        for own, predicted in zip(self.rows, cells, strict=True):
            row = list(own)
            row[self.ids] = row[self.ids].strip()
            for place, cell in zip(self.targets, predicted, strict=True):
                row[place] = write(cell)
            rows.append(row)
        return rows

    def predicted(self, row: Sequence[str]) -> list[str]:
        """Return the cells of the columns to predict, with decimal points."""
        cells = [row[place] for place in self.targets]
        return [cell.replace(",", ".") for cell in cells] if self.commas else cells

    def text(self, rows: Rows, *, quoted: bool = False) -> str:
        """Return the text of a submission with these rows."""
        text = io.StringIO()
        writer = csv.writer(
            text,
            delimiter=self.separator,
            lineterminator="\n",
            quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
        )
        writer.writerow(self.header)
        writer.writerows(rows)
        return text.getvalue()


def of(task: Task) -> Form:
    """Read the form of a task's submissions from its sample."""
    whole = csv_tables.read_whole(task.sample)
    cells = samples.with_content(whole.cells)
    ids = whole.names.index(task.id_column)
    if task.melted:
        targets = samples.targets_of(whole.names, cells, ids)
    else:
        targets = [whole.names.index(name) for name in task.target_columns]
    commas = any(decimals.has_commas(cells[place], whole.separator) for place in targets)
    return Form(
        whole.names,
        cells.to_numpy().tolist(),
        ids,
        tuple(targets),
        whole.separator if commas else ",",
        commas,
    )
