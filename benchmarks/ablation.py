"""Does every element of the recipe earn its place?

    python benchmarks/ablation.py --competition elpv
    python benchmarks/ablation.py --quick

One fold is trained at two sizes, always on the same photographs. The row "as it is" is the default
recipe. Every other row changes one key of it and uses the same seeds. The difference is that of the
log losses of the same seed; a negative difference is better. The log loss is that of the held-out
rows at the end of training. Every row trains for the same number of epochs, not for the same time.
Three seeds of one fold can show a large difference, not a small one, so the verdict is "helps" or
"hurts" only if the difference has the same sign for all seeds.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import click
import recording
from staged import HERE, measure

Run = dict[str, Any]
AS_IT_IS = "as it is"
ELEMENTS: Mapping[str, Sequence[str]] = {
    AS_IT_IS: (),
    "no linear probe first (head_first off)": ("head_first=false",),
    "head not fitted again (refit_head off)": ("refit_head=false",),
    "BatchNorm statistics recalibrated": ("batch_norm=recalibrate",),
    "BatchNorm in training mode": ("batch_norm=train",),
    "RandAugment, rising 0 to 5": ("randaugment=[0, 5]",),
    "RandAugment, 5 at all sizes": ("randaugment=5",),
    "mixup, rising 0 to 0.2": ("mixup=[0, 0.2]",),
    "dropout, rising 0.1 to 0.3": ("dropout=[0.1, 0.3]",),
    "label smoothing 0.05": ("label_smoothing=0.05",),
    "equal epochs instead of equal compute": ("schedule=equal_epochs",),
    "no EMA of the weights": ("ema=0",),
    "presizing, margin 0.15": ("presize=0.15",),
    "layer-wise decay 0.8": ("layer_decay=0.8",),
}
SIZES = {"elpv": "96,144", "shapes": "32,48"}
EPOCHS = {"elpv": 4.5, "shapes": 24.0}
KEY = ("competition", "element", "seed")


def table(runs: Sequence[Run]) -> list[tuple[str, list[float], list[float]]]:
    """Element, log losses, and differences to the recipe as it is, over the seeds of both."""
    plain = {run["seed"]: run["log_loss"] for run in runs if run["element"] == AS_IT_IS}
    rows = []
    for element in sorted({run["element"] for run in runs}, key=_place):
        own = {run["seed"]: run["log_loss"] for run in runs if run["element"] == element}
        both = [seed for seed in own if seed in plain]
        rows.append((element, list(own.values()), [own[seed] - plain[seed] for seed in both]))
    return rows


def _place(element: str) -> tuple[int, str]:
    order = list(ELEMENTS)
    return (order.index(element) if element in order else len(order)), element


def verdict(differences: Sequence[float]) -> str:
    """What the seeds agree on.

    Example:
        >>> verdict([-0.02, -0.01]), verdict([0.01, -0.01]), verdict([0.1, 0.2])
        ('helps', 'seeds differ', 'hurts')
    """
    if differences and max(differences) < 0:
        return "helps"
    return "hurts" if differences and min(differences) > 0 else "seeds differ"


def learn(competition: str, element: str, seed: int, split: Path, passes: float) -> Run:
    """One run with one element changed."""
    command = [sys.executable, str(HERE / "staged_run.py"), str(split), "--points", "1"]
    command += ["--sizes", SIZES[competition], "--epochs", f"{passes:g}", "--seed", str(seed)]
    command += [word for pair in ELEMENTS[element] for word in ("--set", pair)]
    with tempfile.TemporaryDirectory() as place:
        last = measure(command, Path(place, "run.json"))["curve"][-1]
    run = {"competition": competition, "element": element, "seed": seed}
    return run | {"log_loss": last["log_loss"], "accuracy": last["accuracy"]}


@click.command()
@click.option("--competition", default="elpv", show_default=True, type=click.Choice(list(SIZES)))
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option("--elements", help="Numbers of elements between commas, from 0; default: all.")
@click.option("--jobs", default=1, show_default=True, help="Runs at once: nothing is timed.")
@click.option("--quick", is_flag=True, help="Two elements on drawn shapes, one seed.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Add the runs to it.")
def main(
    competition: str,
    *,
    seeds: str,
    elements: str | None,
    jobs: int,
    quick: bool,
    json_file: Path | None,
) -> None:
    """Print log loss and difference of every element."""
    if quick:
        competition, seeds, elements = "shapes", "0", "0,11"
    names = list(ELEMENTS)
    chosen = [names[int(number)] for number in elements.split(",")] if elements else names
    passes = 2.0 if quick else EPOCHS[competition]
    done: list[Run] = []
    if json_file and json_file.is_file():
        done = json.loads(json_file.read_text("utf-8"))["runs"]
    known = {tuple(run[part] for part in KEY) for run in done}
    wanted = [(element, int(seed)) for seed in seeds.split(",") for element in chosen]
    missing = [each for each in wanted if (competition, *each) not in known]
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(jobs) as pool:
        split = Path(place, "split.json")
        command = [sys.executable, str(HERE / "split.py"), str(split), "--competition", competition]
        subprocess.run(command, check=True)
        begun = [pool.submit(learn, competition, *each, split, passes) for each in missing]
        for run in (each.result() for each in as_completed(begun)):
            done.append(run)
            click.echo(f"{run['element']}, seed {run['seed']}: {run['log_loss']:.4f}")
            if json_file:
                recording.merge(json_file, "ablation", [run], KEY)
    for element, losses, differences in table([r for r in done if r["competition"] == competition]):
        middle = statistics.median(differences) if differences else 0.0
        click.echo(
            f"{element}: {statistics.median(losses):.4f}, {middle:+.4f} "
            f"({verdict(differences) if element != AS_IT_IS else 'the recipe'})"
        )


if __name__ == "__main__":
    main()
