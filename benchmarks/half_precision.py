"""What does half precision save in time and memory, and what does it cost in log loss?

    python benchmarks/half_precision.py --sizes 160,240,320 --batch-size 64
    python benchmarks/half_precision.py --quick

For every policy, training steps and predictions are timed at every size on made-up pixels, as a run
measures them before it plans, and one fold of the competition is trained through two sizes. Every
part is a process of its own; repeats take turns over the policies. Memory is the most that the
framework had taken of the device, where it says so, and else of the process.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def speeds_of(competition: str, options: dict[str, Any]) -> dict[str, Any]:
    """Images a second at every size, and the most memory that was taken."""
    from kaggle_prz import competitions
    from kaggle_prz.commands import inspect, settle
    from kaggle_prz.commands.settle import calibration
    from kaggle_prz.core.console import Silent
    from kaggle_prz.runs import speeds
    from kaggle_prz.schedule.stages import stages_of

    recipe, network = settle.settle(competitions.find(competition), None, options)
    calibration.calibrate_stages(recipe, network, inspect.inspect(competition), Silent())
    known, found = speeds.known(recipe), {}
    for stage in stages_of(recipe):
        speed = known.of(stage)
        found[f"train {stage.image_size} px"] = round(speed.train_images, 1)
        found[f"predict {stage.image_size} px"] = round(speed.predict_images, 1)
    return found | {"MB": round(most_memory())}


def log_loss_of(competition: str, options: dict[str, Any]) -> dict[str, Any]:
    """What one fold ends with."""
    import staged_run
    from split import draw

    own = {key: options[key] for key in ("sizes", "epochs", "seed")}
    others = {key: value for key, value in options.items() if key not in own}
    with tempfile.TemporaryDirectory() as place:
        split = draw(competition).to_json()
        curve = staged_run.run(split, **own, points=1, place=Path(place), others=others)
    return {"log loss": curve[-1]["log_loss"], "accuracy": curve[-1]["accuracy"]}


def most_memory() -> float:
    """MB of the device so far, or of the process where it has none of its own."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        statistics_of = jax.devices()[0].memory_stats() or {}
        if "peak_bytes_in_use" in statistics_of:
            return float(statistics_of["peak_bytes_in_use"]) / 1e6
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def child(part: str, competition: str, options: dict[str, Any]) -> dict[str, Any]:
    """One part in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--options", json.dumps(options)]
    ended = subprocess.run(
        [*command, "--competition", competition],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise click.ClickException(f"{part} with {options} failed:\n{ended.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def compared(found: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Medians over the repeats of what each policy has ÷ what float32 has."""
    plain = found["float32"]
    return {
        policy: {
            name: round(
                statistics.median(
                    mine[name] / own[name] for mine, own in zip(each, plain, strict=True)
                ),
                3,
            )
            for name in plain[0]
            if name not in {"log loss", "accuracy"}
        }
        for policy, each in found.items()
        if policy != "float32"
    }


@click.command()
@click.option("--competition", default="elpv", show_default=True)
@click.option("--sizes", default="160,240,320", show_default=True, help="That are timed.")
@click.option("--batch-size", default=64, show_default=True)
@click.option("--trained", default="96,144", show_default=True, help="Sizes that are trained.")
@click.option("--epochs", default=4.5, show_default=True, help="Of that fold.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--quick", is_flag=True, help="Drawn shapes, one repeat.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
@click.option("--part", hidden=True)
@click.option("--options", default="{}", hidden=True)
def main(
    competition: str,
    *,
    sizes: str,
    batch_size: int,
    trained: str,
    epochs: float,
    repeats: int,
    quick: bool,
    json_file: Path | None,
    part: str | None,
    options: str,
) -> None:
    """Print speed, memory and log loss of every policy, and their ratios to float32's."""
    if part:
        made = {"speeds": speeds_of, "log loss": log_loss_of}[part]
        given = json.loads(options)
        click.echo(json.dumps(made(competition, given | {"sizes": tuple(given["sizes"])})))
        return
    if quick:
        competition, sizes, trained, epochs, repeats = "shapes", "32,48", "32,48", 2.0, 1
    found: dict[str, list[dict[str, Any]]] = {policy: [] for policy in POLICIES}
    for repeat in range(repeats):
        for policy in POLICIES:
            shared = {"precision": policy, "batch_size": batch_size, "seed": repeat}
            timed = {**shared, "sizes": _numbers(sizes), "epochs": 1.0}
            learnt = {**shared, "sizes": _numbers(trained), "epochs": [epochs]}
            one = child("speeds", competition, timed) | child("log loss", competition, learnt)
            found[policy].append(one)
            click.echo(f"{policy}, repeat {repeat + 1}: {one}")
    ratios = compared(found)
    for policy, each in ratios.items():
        click.echo(f"{policy} ÷ float32: {each}")
    if json_file:
        losses = {p: {"log loss": [one["log loss"] for one in each]} for p, each in found.items()}
        shown = {f"{policy} ÷ float32": each for policy, each in ratios.items()}
        json_file.write_text(json.dumps({"ratios": shown | losses, "runs": found}) + "\n", "utf-8")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
