"""Options that commands share: how they are written, and what they turn into."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kaggle_prz.core.clock import seconds_of
from kaggle_prz.schedule.recipe import Overrides, Recipe

Command = Callable[..., Any]


class Numbers(click.ParamType):
    """Numbers between commas, `160,240,320`; one alone may stand for all stages."""

    def __init__(self, kind: type, name: str = "N,N,...", *, one: bool = False):
        self._kind = kind
        self._one = one
        self.name = name

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | tuple[float, ...]:
        """Parse, or fail with an example."""
        if isinstance(value, tuple):
            return value
        try:
            written = str(value).strip().removesuffix(",")
            numbers = tuple(self._kind(part) for part in written.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers such as 160,240,320", param, ctx)
        return numbers[0] if self._one and len(numbers) == 1 else numbers


class BatchSize(click.ParamType):
    """A number of images, or `auto`."""

    name = "N|auto"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
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
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
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
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, object]:
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


def _of_toml(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if re.fullmatch(r"\w+", text):  # a bare word, or a time such as 10m
            return text
        raise


def _once_each(
    _context: click.Context, _option: click.Parameter, pairs: tuple[tuple[str, object], ...]
) -> dict[str, object] | None:
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
    metavar="NAME|URL|DIR",
    help="Name of a competition, its URL at Kaggle, or a directory with its files.",
)


def _of(model: type[BaseModel]) -> Callable[[Command], Command]:
    """Return an option for every key of a model that has a metavar."""
    return _together(
        *(
            _option(name, field)
            for name, field in model.model_fields.items()
            if isinstance(field.json_schema_extra, dict)
        )
    )


def _option(name: str, field: FieldInfo) -> Callable[[Command], Command]:
    extra, flag = field.json_schema_extra, f"--{name.replace('_', '-')}"
    kinds = _kinds(field.annotation)
    metavar = extra.get("metavar") if isinstance(extra, dict) else None
    text = field.description or ""
    if get_origin(kinds[-1]) is tuple and Ellipsis not in get_args(kinds[-1]):
        text += ". One number for all stages, or two for the first and the last stage."
    if kinds == [bool]:
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, help=text)
    kind = Duration() if name == "time_limit" else _type_of(kinds)
    return click.option(flag, type=kind, metavar=metavar, help=text)


def _kinds(annotation: object) -> list[object]:
    """Return the types of a union without their bounds."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for one in get_args(annotation) for kind in _kinds(one)]
    return [] if annotation is NoneType else [annotation]


def _type_of(kinds: list[object]) -> object:
    last = kinds[-1]
    if get_origin(last) is tuple:
        more = get_args(last)
        if len(kinds) == 1:
            return Numbers(int)
        return Numbers(float, "N[,N,...]" if Ellipsis in more else "N[,N]", one=True)
    if get_origin(last) is Literal:
        return click.Choice(get_args(last)) if len(kinds) == 1 else BatchSize()
    return last


recipe = _together(
    click.option(
        "--recipe",
        metavar="NAME|FILE.toml",
        help="quick, standard, strong, or a TOML file. Other options have priority over it.",
    ),
    _of(Recipe),
    click.option(
        "--set",
        "settings",
        type=Setting(),
        multiple=True,
        callback=_once_each,
        help="Set any other key of the recipe. May be given several times.",
    ),
)

overrides = _of(Overrides)

look = _together(
    click.option(
        "--check-images/--no-check-images",
        default=None,
        help="Open the images to find unreadable ones, near-duplicates, and images in both the "
        "training and the test set. Default: only if there are at most 5,000.",
    ),
    click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write an HTML page with sample images.",
    ),
)

output_dir = click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Directory that holds the runs.",
)

place = _together(
    output_dir,
    click.option("--run", help="Name of the run. Default: a name made from the recipe."),
)

image_cache = click.option(
    "--image-cache",
    type=click.Choice(["auto", "raw", "encoded", "none"]),
    default="auto",
    show_default=True,
    help="Cache of decoded images. raw: arrays; encoded: JPEGs; none: no cache; auto: depends on "
    "the free disk space.",
)

machine = click.option(
    "--machine-shape",
    "machine",
    type=click.Choice(["cpu", "t4x2", "tpu"]),
    default="t4x2",
    show_default=True,
    help="Machine that the kernel runs on.",
)

KERNEL = ("mode", "output", "machine", "owner", "competition", "session", "resume")
kernel = _together(
    click.option(
        "--train",
        "mode",
        flag_value="train",
        help="Build a kernel that trains. Default for the name of a competition.",
    ),
    click.option(
        "--predict",
        "mode",
        flag_value="predict",
        help="Build a kernel that predicts. Default for a finished run.",
    ),
    click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        required=True,
        help="Directory to write the folders kernel and bundle to.",
    ),
    machine,
    click.option(
        "--owner", help="Your user name at Kaggle. Default: KAGGLE_USERNAME, or that of your login."
    ),
    click.option(
        "--competition",
        metavar="NAME",
        help="Name of the competition at Kaggle, if the run has another name.",
    ),
    click.option(
        "--session",
        type=Duration(),
        help="Time of a session. Training stops before a fold that may not fit into it. Default: "
        "11h30m; on a TPU 8h30m.",
    ),
    click.option(
        "--resume", is_flag=True, help="Continue from the output of the kernel's last session."
    ),
)

run = click.argument("run", type=click.Path(path_type=Path))

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
