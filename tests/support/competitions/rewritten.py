"""Kinds of difficult files, written again in another order and dialect, beside decoys.

    cd tests && python -m support.competitions.rewritten [COUNT] [SEED]

counts verdicts as `mutated` does: what is read stays right or is refused, what is refused stays so.
"""

import collections
import csv
import io
import shutil
import sys
from pathlib import Path

import numpy as np

from kaggle_prz.core.errors import PrzError
from kaggle_prz.tasks import infer

from . import solved
from .drawn import Refused
from .kinds import KINDS
from .mutated import at_home


def verdict(root: Path, name: str, seed: int) -> str:
    """Return `"right"`, `"refused: …"` or `"wrong: …"` of a kind; files are written into `root`."""
    kind, random = KINDS[name], np.random.default_rng(seed)
    drawn = kind.draw(root / "files", seed)
    rewrite(drawn.root, drawn.sample, random)
    try:
        task = infer.read(drawn.root, slug=name, **kind.options)
        reached = solved.share(drawn, task, root / "submission.csv")
    except PrzError as error:
        return f"refused: {error}"
    except Refused as error:
        return f"wrong: the grader refuses: {error}"
    if reached >= kind.least and not kind.refusal:
        return "right"
    return f"wrong: {reached:.2f}, {task.kind} in {task.cell} cells, {task.warnings}"


def rewrite(root: Path, sample: str, random: np.random.Generator) -> None:
    """Write every plain table but the sample again, and add decoys."""
    for path in sorted(root.rglob("*.csv")):
        if path != root / sample and (lines := _plain(path)) is not None:
            header, rows = lines[0], lines[1:]
            if random.uniform() < 0.5:
                header = [*header, "remark"]
                rows = [[*row, "fine"] for row in rows]
            rows = [rows[at] for at in random.permutation(len(rows))]
            path.write_text(_text([header, *rows], random), "utf-8", newline="")
    if random.uniform() < 0.5:
        (root / "README.txt").write_text("What the pictures show.\n")
    if random.uniform() < 0.3:
        (root / "cameras.csv").write_text("camera,lens\n1,35\n2,50\n")


def _plain(path: Path) -> list[list[str]] | None:
    """Return lines of cells where a table is one without quotes, each line of one length."""
    text = path.read_text("utf-8", errors="replace")
    lines = list(csv.reader(io.StringIO(text)))
    widths = {len(line) for line in lines}
    plain = '"' not in text and ";" not in text and "\ufeff" not in text
    return lines if plain and len(widths) == 1 and widths != {1} and lines[0][-1] else None


def _text(lines: list[list[str]], random: np.random.Generator) -> str:
    buffer = io.StringIO()
    quoting = csv.QUOTE_ALL if random.uniform() < 0.3 else csv.QUOTE_MINIMAL
    ending = "\r\n" if random.uniform() < 0.3 else "\n"
    separator = ";" if random.uniform() < 0.2 else ","
    writer = csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator=ending)
    writer.writerows(lines)
    return ("\ufeff" if random.uniform() < 0.2 else "") + buffer.getvalue()


def main(count: int, seed: int) -> int:
    """Count verdicts, kind after kind."""
    counts: collections.Counter[str] = collections.Counter()
    unlike = []
    names = list(KINDS)
    with at_home() as place:
        for number in range(count):
            name = names[number % len(names)]
            found = verdict(place, name, seed + number)
            shutil.rmtree(place / "files")
            counts[
                found.partition(":")[0] + (", to be refused" if KINDS[name].refusal else "")
            ] += 1
            if found.startswith("wrong") or (found != "right" and not KINDS[name].refusal):
                unlike.append(f"{name} {seed + number}: {found}")
    for found, times in counts.most_common():
        print(f"{times:6} {found}")
    print("\n".join(unlike[:40]))
    return int(counts["wrong"] > 0)


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(arguments + [1000, 0][len(arguments) :])))
