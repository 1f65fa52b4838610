"""The embedded competition `elpv`: photographs of solar cells, sound or defective.

The pictures are those of the package `elpv-dataset` (Buerhop-Lutz et al., electroluminescence
images of photovoltaic cells, 300×300 px). Cells cut from one module stand beside each other in
its file and look alike, so 24 rows in a row make a block, and whole blocks are held out.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.competitions.competition import Answers, Competition
from kaggle_prz.competitions.embedded import chance
from kaggle_prz.competitions.embedded.publish import (
    link_or_copy,
    publish,
    write_table,
    write_test_tables,
)
from kaggle_prz.core.errors import DataError, MissingExtraError

CLASSES = ("mono_intact", "mono_defect", "poly_intact", "poly_defect")
BLOCK_ROWS = 24
TEST_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows that are used; parallel arrays, in the package's order."""

    files: list[Path]
    ids: list[str]
    labels: NDArray[np.int64]
    blocks: NDArray[np.int64]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Elpv:
    """The competition `elpv`: a seed draws ids, blocks that are held out, and public rows.

    `data` has `labels.csv` and `images/`; None stands for that of the installed package.
    """

    seed: int = 2  # holds out 20 to 21 % of every class
    data: Path | None = None

    competition: ClassVar[Competition] = Competition(
        slug="elpv",
        title="ELPV: defects of solar cells",
        metric="log_loss",
        description=(
            "Classify photographs of solar cells (electroluminescence) as mono- or "
            "polycrystalline, and as intact or defective. Cells of one block share a module and "
            "stay together."
        ),
        daily_limit=5,
        flips=("horizontal", "vertical"),
        recipe={"backbone": "efficientnet_lite0", "sizes": (96, 144), "folds": 5},
        license="CC-BY-NC-SA-4.0",
    )

    def materialise(self, directory: Path) -> None:
        """Write the public files; does nothing where they already are.

        The pictures are hard links to the package's files where the file system allows it.
        """
        publish(directory, f"elpv 1, seed {self.seed}", self._write)

    def answers(self) -> Answers:
        """Return the truth about the held-out photographs, from the package's table."""
        rows = self._rows()
        chosen = sorted(np.flatnonzero(rows.held_out).tolist(), key=rows.ids.__getitem__)
        labels = rows.labels[chosen]
        return Answers(
            ids=np.array([rows.ids[row] for row in chosen]),
            labels=labels,
            usage=chance.usage(self.seed, labels),
            classes=CLASSES,
        )

    def _write(self, directory: Path) -> None:
        rows = self._rows()
        train = []
        # In the order of the ids, so that no time stamp or directory entry tells the order of
        # the package, whose neighbours share their block.
        for row in sorted(range(len(rows.ids)), key=rows.ids.__getitem__):
            folder = directory / ("test" if rows.held_out[row] else "train")
            folder.mkdir(exist_ok=True)
            if not rows.files[row].is_file():
                raise DataError(f"{rows.files[row]} is missing. Install elpv-dataset again.")
            link_or_copy(rows.files[row], folder / f"{rows.ids[row]}.png")
            if not rows.held_out[row]:
                label = CLASSES[rows.labels[row]]
                train.append((rows.ids[row], label, f"block_{rows.blocks[row]:03d}"))
        write_table(directory / "train.csv", ["id", "label", "block"], train)
        write_test_tables(directory, self.answers())

    def _rows(self) -> _Rows:
        root = self.data or _installed()
        table = root / "labels.csv"
        try:
            cells = [line.split() for line in table.read_text("utf-8").splitlines() if line.strip()]
            listed = [
                (row, name, 2 * (kind == "poly") + int(float(defect)))
                for row, (name, defect, kind) in enumerate(cells)
                if float(defect) in (0.0, 1.0)
            ]
        except (OSError, ValueError) as error:
            raise DataError(
                f"{table} must have one photograph per line ('file probability type'), but "
                f"cannot be read ({error}). Install elpv-dataset again."
            ) from error
        names = chance.opaque_ids(self.seed, "cell", len(cells))
        labels = np.array([label for _, _, label in listed], dtype=np.int64)
        blocks = np.array([row // BLOCK_ROWS for row, _, _ in listed], dtype=np.int64)
        return _Rows(
            files=[root / name for _, name, _ in listed],
            ids=[names[row] for row, _, _ in listed],
            labels=labels,
            blocks=blocks,
            held_out=np.isin(blocks, _test_blocks(self.seed, labels, blocks)),
        )


def _installed() -> Path:
    spec = importlib.util.find_spec("elpv_dataset")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("competition 'elpv'", "elpv-dataset", "demo")
    return Path(spec.submodule_search_locations[0]) / "data"


def _test_blocks(
    seed: int, labels: NDArray[np.int64], blocks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return a fifth of the blocks, spread over kinds and over how many cells are defective.

    Blocks are lined up by kind and share of defects, in an order that is drawn within a stratum,
    and every fifth is taken.
    """

    def stratum(block: int) -> tuple[bool, int]:
        inside = labels[blocks == block]
        return bool(np.mean(inside >= 2) >= 0.5), int(np.mean(inside % 2) * 5)

    drawn = chance.shuffled(seed, "block", np.unique(blocks).tolist())
    line = sorted(drawn, key=stratum)
    step = round(1 / TEST_SHARE)
    return np.array(sorted(line[step // 2 :: step]), dtype=np.int64)
