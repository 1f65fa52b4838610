"""Options that commands share: how they are written, and what they turn into."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kaggle_prz.budget import seconds_of

Command = Callable[..., Any]
_RAMP = "or of the first and the last stage"


class Numbers(click.ParamType):
    """Numbers between commas: `160,240,320`."""

    def __init__(self, kind: type):
        self._kind = kind
        self.name = "N,N,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """Parse, or fail with an example."""
        if isinstance(value, tuple):
            return value
        try:
            written = str(value).strip().removesuffix(",")
            return tuple(self._kind(part) for part in written.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers such as 160,240,320", param, ctx)


class OneOrMore(Numbers):
    """One number, or several between commas: of every stage, or of the first and the last."""

    def __init__(self, name: str = "N[,N,...]") -> None:
        super().__init__(float)
        self.name = name

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
        try:
            return seconds_of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Setting(click.ParamType):
    """`KEY=VALUE`, the value as TOML has it or a bare word: a pair."""

    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        """Parse, or fail with an example."""
        if isinstance(value, tuple):
            return value
        key, equals, written = str(value).partition("=")
        try:
            if not equals or not re.fullmatch(r"\w+", key.strip()) or "\n" in written:
                raise ValueError(value)
            parsed = _of_toml(written.strip())
        except ValueError:
            self.fail(
                f"{value!r} is not a key and a value as TOML has them, such as ema=0.99, "
                "frozen=[0.5,0] or loss=focal",
                param,
                ctx,
            )
        return key.strip(), tuple(parsed) if isinstance(parsed, list) else parsed


def _of_toml(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if re.fullmatch(r"\w+", text):  # a bare word, or a time such as 10m
            return text
        raise


def _once_each(
    _context: click.Context, _option: click.Parameter, pairs: tuple[tuple[str, Any], ...]
) -> dict[str, Any] | None:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise click.BadParameter(f"given twice: {', '.join(twice)}. Keep one of each.")
    return dict(pairs) or None


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
    click.option(
        "--recipe",
        metavar="NAME|FILE.toml",
        help="quick, standard, strong, or a file; the other options win over it.",
    ),
    click.option("--sizes", type=Numbers(int), help="Image size of every stage, px, rising."),
    click.option("--folds", type=int, help="Cross-validation folds, at least 2."),
    click.option(
        "--epochs",
        type=OneOrMore(),
        help="In all, divided by --schedule; or one number a stage, the last may be 0.",
    ),
    click.option(
        "--schedule",
        type=click.Choice(["equal_compute", "equal_epochs", "late_jump", "linear"]),
        help="How epochs are divided among the stages.",
    ),
    click.option(
        "--batch-size",
        type=BatchSize(),
        help="Images a step at the first size; auto: as many as fit an accelerator.",
    ),
    click.option("--learning-rate", type=float, help="Peak at the first stage."),
    click.option("--weight-decay", type=float, help="Of AdamW."),
    click.option("--dropout", type=OneOrMore("N[,N]"), help=f"Before the head; {_RAMP}."),
    click.option("--randaugment", type=OneOrMore("N[,N]"), help=f"Magnitude, 0 to 10; {_RAMP}."),
    click.option("--mixup", type=OneOrMore("N[,N]"), help=f"Alpha of mixing two images; {_RAMP}."),
    click.option("--ema", type=float, help="Momentum of averaged weights, which predict."),
    click.option("--patience", type=int, help="Epochs without a better score that end a fold."),
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
    click.option(
        "--set",
        "settings",
        type=Setting(),
        multiple=True,
        callback=_once_each,
        help="Any other key of the recipe; may be repeated.",
    ),
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

image_cache = click.option(
    "--image-cache",
    type=click.Choice(["auto", "raw", "encoded", "none"]),
    default="auto",
    show_default=True,
    help="How decoded images are kept: arrays, JPEGs, not at all; auto by the room on the disk.",
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
