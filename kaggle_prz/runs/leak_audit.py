"""Reads a run's files and checks that no out-of-fold prediction comes from weights that saw it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kaggle_prz.core import filesystem
from kaggle_prz.runs import records
from kaggle_prz.runs.records import PlanRecord, Provenance, Seal


@dataclass(frozen=True)
class Audit:
    """What the files of a run say about leaks."""

    checked: int  # sealed folds of stages that were read
    findings: tuple[str, ...]  # one sentence a violation; empty when the run is leak-free

    @property
    def clean(self) -> bool:
        """Whether something was checked and nothing was found."""
        return self.checked > 0 and not self.findings


def audit(run: Path) -> Audit:
    """Follow the weights of every fold back to the first stage.

    For every sealed fold: the weights it started from are, byte by byte, those that the same fold
    ended the stage before with; no row that it held out, and no row of the same group, was
    trained on in that stage or any before; held-out rows are those of `folds.csv`. Nothing of the
    run is trusted but its files: `trained_on.npz` lists what training batches were drawn from.
    """
    plan = records.read(run / "plan.json", PlanRecord)
    rows = pd.read_csv(run / "folds.csv", dtype=str, keep_default_na=False).set_index("id")
    rows["unit"] = rows.get("group", rows.index)
    findings: list[str] = []
    checked = 0
    for fold in range(plan.folds):
        seen: set[str] = set()
        before: Path | None = None
        for stage in plan.stages:
            directory = run / stage.name / f"fold{fold}"
            if not filesystem.is_sealed(directory):
                break
            checked += 1
            findings += _of_fold(run, directory, before, rows, seen)
            before = directory
    return Audit(checked, tuple(findings))


def _of_fold(
    run: Path, directory: Path, before: Path | None, rows: pd.DataFrame, seen: set[str]
) -> Iterator[str]:
    fold = directory.name.removeprefix("fold")
    where = directory.relative_to(run).as_posix()
    transfer = records.read(directory / "transfer.json", Provenance)
    for name, digest in records.read(directory / filesystem.SEAL, Seal).files.items():
        if filesystem.sha256(directory / name) != digest:
            yield f"{where}: {name} changed after the fold was finished"
    if before is not None:
        parent = before.relative_to(run).as_posix() + "/model.weights.h5"
        digest = filesystem.sha256(before / "model.weights.h5")
        if (transfer.source, transfer.source_sha256) != (parent, digest):
            yield f"{where}: started from {transfer.source}, not from the weights of {parent}"
    seen |= set(filesystem.read_arrays(directory / "trained_on.npz")["ids"].tolist())
    held_out = filesystem.read_arrays(directory / "oof.npz")["ids"].tolist()
    drawn = rows.index[rows["fold"] == fold]
    if set(held_out) != set(drawn):
        yield f"{where}: predicts other rows than those that folds.csv assigns to fold {fold}"
    strangers = [name for name in [*seen, *held_out] if name not in rows.index]
    if strangers:
        yield f"{where}: {len(strangers)} rows are not in folds.csv"
        return
    trained_units = set(rows.loc[list(seen), "unit"])
    leaked = [name for name in held_out if rows.at[name, "unit"] in trained_units]
    if leaked:
        yield (
            f"{where}: {len(leaked)} of {len(held_out)} out-of-fold rows, or rows of their "
            f"group, were trained on in this stage or before ({', '.join(leaked[:3])})"
        )
