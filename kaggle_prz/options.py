"""Options that commands share: how they are written, and what they turn into."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}


class Numbers(click.ParamType):
    """Numbers between commas: `160,240,320`."""

    def __init__(self, kind: type):
        self._kind = kind
        self.name = "N,N,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """Parse, or fail with an example."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self._kind(part) for part in str(value).split(",") if part.strip())
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers such as 160,240,320", param, ctx)


class Epochs(Numbers):
    """One number in all, or one a stage between commas."""

    def __init__(self) -> None:
        super().__init__(float)
        self.name = "N[,N,…]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A float for one number, a tuple for several."""
        numbers = super().convert(value, param, ctx)
        return numbers[0] if len(numbers) == 1 else numbers


class BatchSize(click.ParamType):
    """A number of images, or `auto`."""

    name = "N|auto"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Parse, or fail with the choices."""
        text = str(value).strip().lower()
        if text == "auto":
            return text
        if not re.fullmatch(r"[+-]?\d+", text):
            self.fail(f"{value!r} is neither a number of images nor auto", param, ctx)
        return int(text)


class Duration(click.ParamType):
    """A time such as `600`, `90s`, `10m`, `1h30m`, in seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse, or fail with examples."""
        if isinstance(value, int | float):
            return float(value)
        text = str(value).strip().lower()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        parts = re.findall(r"(\d+(?:\.\d+)?)(min|h|m|s)", text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(f"{value!r} is not a time such as 600, 90s, 10m or 1h30m", param, ctx)
        return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _together(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


competition = click.option(
    "-c",
    "--competition",
    required=True,
    metavar="NAME|ADDRESS|DIR",
    help="A competition's name, its address at Kaggle, or the path of a directory with its files.",
)

recipe = _together(
    click.option("--sizes", type=Numbers(int), help="Image size of every stage, px, rising."),
    click.option("--folds", type=int, help="Cross-validation folds, at least 2."),
    click.option(
        "--epochs",
        type=Epochs(),
        help="In all, divided so that stages cost the same; or one number a stage.",
    ),
    click.option(
        "--batch-size",
        type=BatchSize(),
        help="Images a step at the first size; auto: as many as fit an accelerator.",
    ),
    click.option("--learning-rate", type=float, help="Peak at the first stage."),
    click.option("--weight-decay", type=float, help="Of AdamW."),
    click.option("--dropout", type=float, help="Before the head."),
    click.option("--backbone", help="A KerasCV or keras.applications network by name."),
    click.option(
        "--weights", metavar="auto|imagenet|none|FILE", help="What the backbone starts from."
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "mixed_float16", "mixed_bfloat16"]),
        help="Compute dtype; auto suits the device.",
    ),
    click.option("--tta/--no-tta", default=None, help="Average predictions over mirrored images."),
    click.option(
        "--time-limit",
        type=Duration(),
        help="For the whole run: 600, 90s, 10m, 1h30m; epochs are fitted to it.",
    ),
    click.option("--seed", type=int, help="Of folds, batches and initial weights."),
)

layout = _together(
    click.option("--metric", help="The competition's metric, where its host does not say."),
    click.option("--target", metavar="COLUMN", help="Column of labels."),
    click.option(
        "--group", metavar="COLUMN|none", help="Column whose values never part between folds."
    ),
    click.option("--id-column", metavar="COLUMN", help="Column that names the training images."),
    click.option(
        "--positive", metavar="CLASS", help="Of two classes, the one that a probability is of."
    ),
)

look = _together(
    click.option(
        "--check-images/--no-check-images",
        default=None,
        help="Open the images to find unreadable ones, near-duplicates and leaks; default: where "
        "they are at most 5,000.",
    ),
    click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write one HTML page with pictures.",
    ),
)

output_dir = click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where runs are kept.",
)

place = _together(
    output_dir,
    click.option("--run", help="Name of the run; default: made from the recipe."),
)

machine = click.option(
    "--machine-shape",
    "machine",
    type=click.Choice(["cpu", "t4x2", "tpu"]),
    default="t4x2",
    show_default=True,
    help="What the kernel runs on.",
)

KERNEL = ("mode", "output", "machine", "owner", "competition", "session", "resume")
kernel = _together(
    click.option("--train", "mode", flag_value="train", help="Train there."),
    click.option(
        "--predict", "mode", flag_value="predict", help="Predict there; default of a finished run."
    ),
    click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        required=True,
        help="Takes the folders kernel and bundle.",
    ),
    machine,
    click.option("--owner", help="Your account at Kaggle; default: KAGGLE_USERNAME."),
    click.option("--competition", metavar="NAME", help="At Kaggle, if the run has another."),
    click.option(
        "--session",
        type=Duration(),
        help="After it, a training pauses between two folds; default: 11h30m, 8h30m on a TPU.",
    ),
    click.option("--resume", is_flag=True, help="Go on with the output of the kernel's last run."),
)

run = click.argument("run", type=click.Path(path_type=Path))

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
