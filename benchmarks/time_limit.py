"""Does fit keep its time limit, and how much of it does it use?

    python benchmarks/time_limit.py --quick
    python benchmarks/time_limit.py --competition elpv --json limits.json --runs 5

For each limit T, one `kaggle-prz fit --time-limit T` runs in a process, a run directory and a cache
of its own. It must end by itself within T, imports included, with a submission that passes the
check of the competition. With --json, limits that are already in the file are not run again, so one
table can be made with several commands.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

LIMITS = tuple(round(60 * 15 ** (step / 19)) for step in range(20))  # 60 to 900 s, by one factor
_GRACE = 120.0  # seconds after which a fit that does not end is ended


def attempt(competition: str, limit: float) -> dict[str, Any]:
    """One fit under a limit, and what became of it."""
    with tempfile.TemporaryDirectory() as place:
        environment = os.environ | {"KAGGLE_PRZ_HOME": f"{place}/home"}
        command = [
            sys.executable,
            "-m",
            "kaggle_prz.commands.cli",
            "fit",
            "--competition",
            competition,
        ]
        command += ["--time-limit", f"{limit}s", "--output-dir", f"{place}/runs"]
        begun = time.monotonic()
        try:
            ended = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                text=True,
                timeout=limit + _GRACE,
                check=False,
            )
            status, said = ended.returncode, ended.stderr.strip()
        except subprocess.TimeoutExpired:
            status, said = -1, f"did not end {_GRACE:.0f} s after the limit"
        wall = time.monotonic() - begun
        fault = said if status else invalid(Path(place) / "runs")
        score = None if fault else scored(Path(place) / "runs")
    return {
        "limit": limit,
        "wall": round(wall, 2),
        "used": round(wall / limit, 4),
        "kept": wall <= limit,
        "fault": fault,
        "score": score,
    }


def invalid(runs_dir: Path) -> str:
    """What is wrong with the submission of the one run below a directory; nothing where it fits."""
    from kaggle_prz import runs, submission
    from kaggle_prz.core.errors import PrzError

    try:
        run = runs.load_run(next(runs.all_runs(runs_dir)))
        submission.validate(run.submission, run.task)
    except (PrzError, StopIteration, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def scored(runs_dir: Path) -> float:
    """Out-of-fold score of the one run below a directory."""
    from kaggle_prz import runs

    return round(runs.load_run(next(runs.all_runs(runs_dir))).score, 4)


def show(found: dict[str, Any]) -> None:
    """One line of one fit."""
    state = "kept" if found["kept"] else "OVERRUN"
    fault = f"  FAULT: {found['fault']}" if found["fault"] else f", out of fold {found['score']}"
    click.echo(
        f"limit {found['limit']:>5g} s: {found['wall']:7.1f} s, {found['used']:.1%} used, "
        f"{state}{fault}"
    )


@click.command()
@click.option("--competition", default="shapes", show_default=True)
@click.option("--limits", help="Seconds between commas; default: 20 from 60 to 900.")
@click.option("--runs", type=int, help="At most so many fits in this call.")
@click.option("--quick", is_flag=True, help="One fit of 60 s.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Figures, added to.")
def main(
    competition: str,
    *,
    limits: str | None,
    runs: int | None,
    quick: bool,
    json_file: Path | None,
) -> None:
    """Fit under every limit; exit status 1 where one was not kept, or left no submission."""
    wanted = [float(part) for part in limits.split(",")] if limits else list(LIMITS)
    wanted = [60.0] if quick else wanted
    known = json.loads(json_file.read_text()) if json_file and json_file.is_file() else []
    done = {(one["competition"], one["limit"]) for one in known}
    for limit in [each for each in wanted if (competition, each) not in done][:runs]:
        known.append({"competition": competition, **attempt(competition, limit)})
        show(known[-1])
        if json_file:
            json_file.write_text(json.dumps(known, indent=2) + "\n")
    ours = [one for one in known if one["competition"] == competition and one["limit"] in wanted]
    good = [one for one in ours if one["kept"] and not one["fault"]]
    used = sorted(one["used"] for one in ours)
    click.echo(f"{len(good)} of {len(ours)} fits kept their limit with a valid submission")
    if used:
        click.echo(f"used {used[0]:.1%} to {used[-1]:.1%}, median {used[len(used) // 2]:.1%}")
    if len(good) < len(ours):
        sys.exit(1)


if __name__ == "__main__":
    main()
