"""How much does the peak memory of a fit grow with its folds, and with its stages?

    python benchmarks/memory.py
    python benchmarks/memory.py --backbone efficientnet_lite0 --quick

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
SIZES, LARGE_SIZES = (32, 48, 64), (96, 144, 192)
FOLDS, STAGES = (2, 3, 5), (1, 2, 3)


def peak(competition: str, home: str, **options: object) -> float:
    """MB of one fit, by a child process that this one waits for."""
    child = os.fork()
    if child == 0:
        place = tempfile.mkdtemp(dir=home)
        os.environ |= {"KAGGLE_PRZ_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "3"}
        arguments = [sys.executable, __file__, "--competition", competition, "--child", place]
        os.execv(sys.executable, [*arguments, "--options", json.dumps(options)])
    _, status, usage = os.wait4(child, 0)
    if status:
        raise click.ClickException(f"A fit with {options} failed.")
    return usage.ru_maxrss / 1024


def slope(numbers: tuple[int, ...], peaks: list[float]) -> float:
    """MB for each one more."""
    return float(np.polyfit(numbers, peaks, 1)[0]) if len(numbers) > 1 else 0.0


def fit(competition: str, place: str, options: dict[str, object]) -> None:
    """The child's work."""
    from kaggle_prz.commands import fit as experiment

    given = {key: tuple(v) if isinstance(v, list) else v for key, v in options.items()}
    experiment.fit(competition, output_dir=place, **given)
    click.echo(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, err=True)


@click.command()
@click.option("--competition", default="shapes", show_default=True)
@click.option("--backbone", help="Default: the competition's own.")
@click.option("--epochs", type=float, help="Passes a stage.")
@click.option("--quick", is_flag=True, help="The fewest and the most folds and stages only.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
@click.option("--options", default="{}", hidden=True)
@click.option("--child", hidden=True)
def main(
    competition: str,
    *,
    backbone: str | None,
    epochs: float | None,
    quick: bool,
    json_file: Path | None,
    options: str,
    child: str | None,
) -> None:
    """Print MB for every further fold and stage; exit status 1 where they are too many."""
    if child is not None:
        return fit(competition, child, json.loads(options))
    small = competition == "shapes" and backbone in (None, "tiny")
    sizes = SIZES if small else LARGE_SIZES
    passes = epochs or (1.0 if small else 0.02)
    folds, stages = (FOLDS[::2], STAGES[::2]) if quick else (FOLDS, STAGES)
    network = {"backbone": backbone} if backbone else {}
    with tempfile.TemporaryDirectory() as home:

        def of(count: int, chosen: tuple[int, ...]) -> float:
            given = {"folds": count, "sizes": chosen, "epochs": [passes] * len(chosen)}
            return peak(competition, home, batch_size=16, **given, **network)

        of(2, sizes)  # decodes, which takes memory of its own
        by_folds = [of(count, sizes[:1]) for count in folds]
        # The largest size is always there, so that a stage more is all that differs.
        by_stages = [of(2, sizes[-count:]) for count in stages]
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
