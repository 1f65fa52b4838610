"""A run that is trained in Kaggle kernels, version after version, and fetched when it is whole."""

import shutil
import tempfile
from pathlib import Path

from kaggle_prz import competitions, runs
from kaggle_prz.commands.kernel import bundle, pushing, remote
from kaggle_prz.commands.kernel.building import build
from kaggle_prz.commands.kernel.job import Machine
from kaggle_prz.competitions.kaggle import Door
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import HostError, RunError, UsageError
from kaggle_prz.runs import records
from kaggle_prz.runs.records import RunRecord
from kaggle_prz.runs.run import Run


def fit(
    competition: str,
    *,
    output_dir: str | Path = "runs",
    run: str | None = None,
    machine: Machine = "t4x2",
    owner: str | None = None,
    session: float | None = None,
    door: Door | None = None,
    console: Console | None = None,
    **options: object,
) -> Run:
    """Train in kernels what `prz.fit` would train here, and return the run, fetched.

    The run's directory goes below `output_dir`, as if it had been trained here; after `session`
    seconds a version pauses between two folds, and the next goes on. `options` are those of
    `prz.fit`.
    """
    source = competitions.find(competition)
    slug = source.slug
    if not source.has_kernels:
        raise UsageError(
            f"A kernel can train only on a competition at Kaggle; received {competition!r} of "
            f"the host {source.host!r}. Train on this machine instead."
        )
    runs.check_name(run)
    place = Path(output_dir) / slug
    if run is not None and (place / run).exists():
        raise RunError(
            f"{place / run} already exists, and the kernel's run would be downloaded to it. "
            "Continue that run on this machine, choose another name with --run, or move the "
            "directory away."
        )
    door, console = door or Door(console=console), console or Silent()
    _ = source.about  # so that the bundle has the metric
    given = {key: value for key, value in options.items() if value is not None}
    with tempfile.TemporaryDirectory() as folder:
        build(
            slug,
            output=Path(folder) / "built",
            mode="train",
            machine=machine,
            owner=owner or door.credential.user or None,
            session=session,
            options=given,
            console=console,
        )
        pushed = pushing.push(Path(folder) / "built", until_done=True, door=door, console=console)
        remote.pull(door, pushed.version.ref, Path(folder) / "output", console)
        found = sorted((Path(folder) / "output" / "runs" / slug).glob("*/recipe.json"))
        if len(found) != 1:
            raise HostError(
                f"A training kernel must leave exactly one run; {pushed.version.ref} left "
                f"{len(found)}. Look at its output: kaggle-prz kernel pull {pushed.version.ref}"
            )
        moved = _moved(found[0].parent, place, run)
        _name_network_as_here(moved, runs.load_run(moved).recipe.backbone, given.get("backbone"))
        return runs.load_run(moved)


def _name_network_as_here(run: Path, there: str, here: object) -> None:
    """Write down where a network of the user's own is here; the kernel read it from its bundle."""
    if not isinstance(here, str) or f"/{bundle.BACKBONE}/" not in there:
        return
    record = records.read(run / "recipe.json", RunRecord)
    changed = {"recipe": {**record.recipe, "backbone": here}, "backbone_directory": str(Path.cwd())}
    records.write(run / "recipe.json", record.model_copy(update=changed))


def _moved(run: Path, place: Path, name: str | None) -> Path:
    """Move a run to its place; one of that name is left alone."""
    place.mkdir(parents=True, exist_ok=True)
    name, count = name or run.name, 1
    while (place / name).exists():
        count += 1
        name = f"{run.name}-{count}"
    return Path(shutil.move(run, place / name))
