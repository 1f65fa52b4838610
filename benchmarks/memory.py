"""How much does the peak memory of a fit grow with its folds, and with its stages?

    python benchmarks/memory.py
    python benchmarks/memory.py --competition elpv --quick

Each fit is a process of its own; its peak is what the system says of it when it has ended
(resident set size, MB). A further fold or stage costs the slope of a line through the fits.
"""

import json
import os
import resource
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

MOST_A_FOLD, MOST_A_STAGE = 50.0, 100.0
SIZES = {"shapes": (32, 48, 64), "elpv": (96, 144, 192)}
EPOCHS = {"shapes": 1.0, "elpv": 0.02}
FOLDS, STAGES = (2, 3, 5), (1, 2, 3)


def peak(competition: str, home: str, folds: int, sizes: tuple[int, ...], epochs: float) -> float:
    """MB of one fit, by a child process that this one waits for."""
    child = os.fork()
    if child == 0:
        place = tempfile.mkdtemp(dir=home)
        os.environ |= {"KAGGLE_PRZ_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "3"}
        arguments = [sys.executable, __file__, "--competition", competition, "--child", place]
        given = {"folds": folds, "sizes": sizes, "epochs": [epochs] * len(sizes)}
        os.execv(sys.executable, [*arguments, "--options", json.dumps(given)])
    _, status, usage = os.wait4(child, 0)
    if status:
        raise click.ClickException(f"A fit of {folds} folds at {sizes} failed.")
    return usage.ru_maxrss / 1024


def slope(numbers: tuple[int, ...], peaks: list[float]) -> float:
    """MB for each one more."""
    return float(np.polyfit(numbers, peaks, 1)[0]) if len(numbers) > 1 else 0.0


def fit(competition: str, place: str, options: dict[str, object]) -> None:
    """The child's work."""
    from kaggle_prz import experiment

    given = {key: tuple(v) if isinstance(v, list) else v for key, v in options.items()}
    experiment.fit(competition, output_dir=place, **given)
    click.echo(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, err=True)


@click.command()
@click.option("--competition", default="shapes", show_default=True)
@click.option("--epochs", type=float, help="Passes a stage.")
@click.option("--quick", is_flag=True, help="The fewest and the most folds and stages only.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
@click.option("--options", default="{}", hidden=True)
@click.option("--child", hidden=True)
def main(
    competition: str,
    *,
    epochs: float | None,
    quick: bool,
    json_file: Path | None,
    options: str,
    child: str | None,
) -> None:
    """Print MB for every further fold and stage; exit status 1 where they are too many."""
    if child is not None:
        return fit(competition, child, json.loads(options))
    sizes = SIZES.get(competition, SIZES["elpv"])
    passes = epochs or EPOCHS.get(competition, 0.02)
    folds, stages = (FOLDS[::2], STAGES[::2]) if quick else (FOLDS, STAGES)
    with tempfile.TemporaryDirectory() as home:
        peak(competition, home, 2, sizes, passes)  # decodes, which takes memory of its own
        by_folds = [peak(competition, home, count, sizes[:1], passes) for count in folds]
        # The largest size is always there, so that a stage more is all that differs.
        by_stages = [peak(competition, home, 2, sizes[-count:], passes) for count in stages]
    found = {
        "competition": competition,
        "folds": dict(zip(map(str, folds), by_folds, strict=True)),
        "stages": dict(zip(map(str, stages), by_stages, strict=True)),
        "MB a fold": slope(folds, by_folds),
        "MB a stage": slope(stages, by_stages),
    }
    for kind in ("folds", "stages"):
        for count, megabytes in found[kind].items():
            click.echo(f"{count} {kind}: {megabytes:.0f} MB")
    click.echo(f"a further fold {found['MB a fold']:.0f} MB (at most {MOST_A_FOLD:.0f})")
    click.echo(f"a further stage {found['MB a stage']:.0f} MB (at most {MOST_A_STAGE:.0f})")
    if json_file:
        json_file.write_text(json.dumps(found, indent=2) + "\n")
    if found["MB a fold"] > MOST_A_FOLD or found["MB a stage"] > MOST_A_STAGE:
        sys.exit(1)
    return None


if __name__ == "__main__":
    main()
