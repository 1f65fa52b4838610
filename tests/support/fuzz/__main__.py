"""Counts what comes of thousands of damaged competitions.

    python -m support.fuzz --examples 10000 --seed 0

Exit status 1 where anything but a task or a sentence came of one; the first of each kind is kept
below the directory given with `--keep`.
"""

import json
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from hypothesis import HealthCheck, Phase, given, seed, settings

from . import many, packed, pictures, tables, trial

KINDS: dict[str, tuple[Any, Callable[..., str]]] = {
    "tables": (tables.competitions(), trial.inspected),
    "archives": (packed.competitions(), trial.inspected),
    "many": (many.competitions(), trial.inspected),
    "many-images": (many.pictures(), lambda case: trial.decoded(*case)),
    "images": (pictures.files(), lambda case: trial.decoded(*case)),
}


def _count(kind: str, examples: int, number: int, keep: Path | None) -> Counter[str]:
    strategy, read = KINDS[kind]
    counts: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Any) -> None:
        try:
            counts[read(case)] += 1
        except trial.Fault as fault:
            told = f"FAULT {' '.join(str(fault).split())[:160]}"
            if not counts[told] and keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{kind}-{len(counts)}.txt").write_text(f"{told}\n{_shown(case)}\n")
            counts[told] += 1

    run()
    click.echo(f"{kind}: {json.dumps(counts.most_common())}", err=True)
    return counts


def _shown(case: Any) -> str:
    files = case if isinstance(case, dict) else {case[0]: case[1]}
    return "\n".join(f"{name}: {content[:3000]!r}" for name, content in files.items())


@click.command()
@click.option("--examples", default=10_000, show_default=True, help="Of all kinds together.")
@click.option("--seed", "number", default=0, show_default=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)))
@click.option("--memory", default=4, show_default=True, help="GB of addresses, at most.")
@click.option("--keep", type=click.Path(path_type=Path), help="Where examples of faults go.")
def main(
    examples: int, number: int, kinds: tuple[str, ...], memory: int, keep: Path | None
) -> None:
    """Print the counts of outcomes as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (memory * 2**30, memory * 2**30))
    begun, chosen = time.monotonic(), kinds or tuple(KINDS)
    found = {kind: _count(kind, examples // len(chosen), number, keep) for kind in chosen}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = {"seconds": round(time.monotonic() - begun), "peak_MB": round(peak)}
    click.echo(
        json.dumps({**{k: dict(c.most_common()) for k, c in found.items()}, **spent}, indent=2)
    )
    if any(told.startswith("FAULT") for counts in found.values() for told in counts):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
