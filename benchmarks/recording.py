"""What the benchmarks measured, as JSON: every run with the circumstances it was measured in.

    python benchmarks/recording.py figures.json benchmarks/results/overhead.json \\
        --command "python benchmarks/overhead.py --competition elpv --json figures.json"

adds what a benchmark wrote without circumstances, on the machine and on the day of its run.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from kaggle_prz.core import environment

_PACKAGES = (
    "kaggle-prz",
    "keras",
    "keras-cv",
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "numpy",
    "pillow",
    "scikit-learn",
)


def circumstances() -> dict[str, Any]:
    """Date, command, machine and versions, without names of people or places."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": shlex.join(["python", *_as_typed(sys.argv)]),
        "processor": re.sub(r", \d+ cores$", "", environment.machine()),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        "memory_GB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "versions": versions(_PACKAGES),
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Of those that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _as_typed(words: Sequence[str]) -> list[str]:
    """The command line with paths outside of the repository by their last part."""
    script = Path(words[0])
    given = (Path(word).name if "/" in word else word for word in words[1:])
    return [f"benchmarks/{script.name}", *given]


def merge(file: Path, benchmark: str, runs: Sequence[dict[str, Any]], key: Sequence[str]) -> None:
    """Add runs to a file of results; one that was measured before is replaced.

    Args:
        file: is made where it is not there; its `notes`, written by hand, stay.
        benchmark: the script that measured, without its ending.
        runs: each gets the circumstances of now, over which its own go.
        key: fields that tell runs apart.
    """
    found = json.loads(file.read_text("utf-8")) if file.is_file() else {"notes": [], "runs": []}
    known, now = found["runs"], circumstances()
    for run in runs:
        known = [other for other in known if any(other.get(k) != run.get(k) for k in key)]
        known.append({**run, "measured": now | run.get("measured", {})})
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"benchmark": benchmark, "notes": found["notes"], "runs": known}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


@click.command()
@click.argument("figures", type=click.Path(path_type=Path, exists=True))
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--command", required=True, help="What wrote the figures.")
def main(figures: Path, results: Path, command: str) -> None:
    """Add figures that a benchmark wrote to a file of results of its name."""
    run = {"figures": json.loads(figures.read_text("utf-8")), "measured": {"command": command}}
    merge(results, results.stem, [run], ["measured"])


if __name__ == "__main__":
    main()
