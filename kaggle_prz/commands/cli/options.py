"""Options shared by commands, and their parsers."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kaggle_prz.core.clock import seconds_of
from kaggle_prz.core.errors import UsageError
from kaggle_prz.schedule.recipe import BY_FAMILY, Recipe
from kaggle_prz.tasks.overrides import Overrides

Command = Callable[..., Any]
Number = TypeVar("Number", int, float)


def numbers(value: str) -> tuple[int, ...]:
    """Parse whole numbers between commas, `160,240,320`."""
    return tuple(_split(value, int))


def number_or_numbers(value: str) -> float | tuple[float, ...]:
    """Parse numbers between commas; one alone stands for all stages."""
    found = tuple(_split(value, float))
    return found if len(found) > 1 else found[0]


def _split(value: str, kind: Callable[[str], Number]) -> Iterator[Number]:
    try:
        yield from map(kind, value.strip().removesuffix(",").split(","))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a list of numbers such as 160,240,320"
        ) from None


def _whole_or_auto(noun: str) -> Callable[[str], int | str]:
    """Return what parses a number of things, or `auto`."""

    def parse(value: str) -> int | str:
        text = value.strip().lower()
        if text == "auto":
            return text
        if not re.fullmatch(r"[+-]?\d+", text):
            raise click.BadParameter(f"{value!r} is neither a number of {noun} nor auto")
        return int(text)

    return parse


batch_size = _whole_or_auto("images")


def number_or_auto(value: str) -> float | str:
    """Parse a number, or `auto`."""
    text = value.strip().lower()
    try:
        return text if text == "auto" else float(text)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number nor auto") from None


def time(value: str) -> float:
    """Parse a time such as `600`, `90s`, `10m`, `1h30m` into seconds."""
    try:
        return seconds_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def setting(value: str) -> tuple[str, object]:
    """Parse `KEY=VALUE`, the value as TOML has it or a bare word, into a pair."""
    key, equals, written = value.partition("=")
    try:
        if not equals or not re.fullmatch(r"\w+", key.strip()) or "\n" in written:
            raise ValueError(value)
        parsed = _of_toml(written.strip())
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a key and a value as TOML has them, such as ema=0.99, "
            "frozen=[0.5,0] or loss=focal"
        ) from None
    return key.strip(), tuple(parsed) if isinstance(parsed, list) else parsed


def _of_toml(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if re.fullmatch(r"\w+", text):  # a bare word, or a time such as 10m
            return text
        raise


_PARSERS: dict[str, tuple[object, str | None]] = {
    "time_limit": (time, None),
    **dict.fromkeys(BY_FAMILY, (number_or_auto, None)),
}


def _once_each(
    _context: click.Context, _option: click.Parameter, pairs: tuple[tuple[str, object], ...]
) -> dict[str, object] | None:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise click.BadParameter(f"given twice: {', '.join(twice)}. Keep one of each.")
    return dict(pairs) or None


class Asked(click.Option):
    """An option that `--help` lists under the question that it answers, where it has one."""

    def __init__(self, *parts: Any, question: object = None, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.question = question


class ByQuestion(click.Command):
    """A command whose `--help` lists its options by question, those without one first."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        grouped: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(context):
            if (record := option.get_help_record(context)) is not None:
                question = str(getattr(option, "question", None) or "Options")
                grouped.setdefault(question, []).append(record)
        for question in sorted(grouped, key="Options".__ne__):
            with formatter.section(question):
                formatter.write_dl(grouped[question])


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
    """Return an option for every field of a model that `_option` of `recipe.py` declares."""
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
    kind, written = _PARSERS[name] if name in _PARSERS else _type_of(kinds)
    question = extra.get("question") if isinstance(extra, dict) else None
    return click.option(
        flag, type=kind, metavar=metavar or written, help=text, cls=Asked, question=question
    )


def _kinds(annotation: object) -> list[object]:
    """Return the types of a union without their bounds."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for one in get_args(annotation) for kind in _kinds(one)]
    return [] if annotation is NoneType else [annotation]


def _type_of(kinds: list[object]) -> tuple[object, str | None]:
    """Return the type of an option, and how it is written where the type does not say it."""
    last = kinds[-1]
    if get_origin(last) is tuple:
        more = get_args(last)
        if len(kinds) == 1:
            return numbers, "N,N,..."
        return number_or_numbers, "N[,N,...]" if Ellipsis in more else "N[,N]"
    if get_origin(last) is Literal:
        return (click.Choice(get_args(last)), None) if len(kinds) == 1 else (batch_size, "N|auto")
    return last, None


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
        type=setting,
        metavar="KEY=VALUE",
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

workers = click.option(
    "--workers",
    type=_whole_or_auto("processes"),
    default="auto",
    show_default=True,
    metavar="auto|N",
    help="Number of folds that are trained side by side, each in its own process. auto: one per "
    "GPU.",
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
        type=time,
        help="Time of a session. Training stops before a fold that may not fit into it. Default: "
        "11h30m; on a TPU 8h30m.",
    ),
    click.option(
        "--resume", is_flag=True, help="Continue from the output of the kernel's last session."
    ),
)

run = click.argument("run", type=click.Path(path_type=Path))

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def refuse_missing_weights(given: Mapping[str, Any]) -> None:
    """Refuse weights that cannot be had, before the seconds that scikit-learn takes to load.

    A run that was started may go on without them, and is looked at later.
    """
    from kaggle_prz.models import backbones
    from kaggle_prz.models.backbones import weights_sources
    from kaggle_prz.schedule import presets

    started = any(Path(given["output_dir"]).glob("*/*/recipe.json"))
    if started or not given["backbone"] or not backbones.is_listed(given["backbone"]):
        return
    keys = {*Recipe.model_fields, "recipe", "settings"}
    try:
        recipe = presets.parse({key: value for key, value in given.items() if key in keys})
        network = backbones.resolve(recipe.backbone)
        network.check_sizes(given["sizes"] or ())
    except UsageError:
        return  # is refused later, when the competition's own defaults are known
    weights_sources.check(network, recipe.weights)
