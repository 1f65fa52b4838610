"""Every command and every Python example of the README and of docs/ runs."""

import importlib.metadata
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support import backbones_page, metrics_page

from kaggle_prz.commands.cli import cli, main
from kaggle_prz.metrics import _OF_CELLS
from kaggle_prz.schedule.recipe import Recipe

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMING = [*PAGES, *sorted((ROOT / "kaggle_prz").rglob("README.md"))]
ROOMS = sorted(path.parent.name for path in (ROOT / "kaggle_prz").glob("*/__init__.py"))
FILES = {"report.html"}  # of a run, not names in a room
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Later options win: the same commands, on images and budgets small enough for a test.
SMALLER = {
    "shapes": ["--sizes", "24,32", "--folds", "2", "--epochs", "1"],
    "elpv": ["--sizes", "32,48", "--folds", "2", "--time-limit", "20s"],
}


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text("utf-8")) if kind == language]


def commands(page: Path) -> Iterator[str]:
    for block in blocks(page, "console"):
        for line in block.splitlines():
            yield from (part.strip() for part in line.split("&&"))


def run(command: str) -> None:
    words = shlex.split(command)[1:]
    if words[0] == "fit":
        words += SMALLER[words[words.index("--competition") + 1]]
    status: object = 0
    try:
        main(words)
    except SystemExit as ending:
        status = ending.code
    assert not status, command


@pytest.mark.keras
@pytest.mark.full
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):  # a command may name the file that a block begins with
        if file := re.match(r"# (\w+\.py)\n", block):
            Path(file[1]).write_text(block, "utf-8")
    run_already = set() if page == PAGES[0] else set(commands(PAGES[0]))
    for command in commands(page):
        if command.startswith("kaggle-prz fit ") and command in run_already:
            continue
        if command.startswith("kaggle-prz "):
            run(command)
        else:
            assert command.startswith(("pip install", "tox", "python benchmarks/")), command


SHOWN = sorted(
    {
        line.removeprefix("$ ").strip()
        for page in PAGES
        for line in page.read_text("utf-8").splitlines()
        if line.startswith(("kaggle-prz ", "$ kaggle-prz "))
    }
)


@pytest.mark.parametrize("command", SHOWN)
def test_commands_that_need_an_account_have_these_options(command: str) -> None:
    group: click.Group | click.Command = cli
    words = shlex.split(command)[1:]
    while isinstance(group, click.Group):
        group = group.commands[words.pop(0)]
    group.make_context("kaggle-prz", words)


@pytest.mark.keras
@pytest.mark.full
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), {})


def test_the_first_two_commands() -> None:
    first, then = list(commands(PAGES[0]))[:4:2], list(commands(PAGES[0]))[1:4:2]
    assert first == ["pip install '.[cpu,demo]'", "pip install tox"]
    assert then == ["kaggle-prz fit --competition elpv --time-limit 10m --submit", "tox"]


def test_extras_that_are_named_exist() -> None:
    known = set(importlib.metadata.metadata("kaggle-prz").get_all("Provides-Extra") or [])
    named = {
        extra
        for page in PAGES
        for listed in re.findall(r"(?:\.|kaggle-prz|`)\[([a-z,]+)\]", page.read_text("utf-8"))
        for extra in listed.split(",")
    }
    assert named
    assert named <= known


def test_the_table_of_backbones_is_up_to_date() -> None:
    page = backbones_page.PAGE.read_text("utf-8")
    assert page == backbones_page.updated(page), "cd tests && python -m support.backbones_page"


def test_links_lead_somewhere() -> None:
    for page in NAMING:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_ci_script_runs_the_readmes_test_command() -> None:
    assert "pip install --quiet tox && tox" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_room_is_in_the_table() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = text.partition("## The rooms")[2].partition("```")[0]
    rooms = {path.parent.name for path in (ROOT / "kaggle_prz").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == rooms


@pytest.mark.parametrize("page", NAMING, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_that_are_named_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    files = re.findall(r"`([\w./-]+\.py)`|`((?:\w+/)+\w+)/?`", text)
    paths = {path or folder for path, folder in files if _is_ours(path or folder)}
    missing = {path for path in paths if not _exists(path, page.parent)}
    dotted = set(re.findall(rf"`(?:kaggle_prz\.)?((?:{'|'.join(ROOMS)})\.[\w.]+)`", text)) - FILES
    missing |= {name for name in dotted if not _is_defined(name)}
    assert not missing


def _is_ours(path: str) -> bool:
    """Return whether a path is one of the project's, and not one of a run or at Kaggle."""
    return path.endswith(".py") or path.split("/", maxsplit=1)[0] in {
        *ROOMS,
        "kaggle_prz",
        "tests",
        "kernels",
    }


def _exists(path: str, beside: Path) -> bool:
    places = [ROOT, ROOT / "kaggle_prz", ROOT / "benchmarks", beside]
    return any((place / path).exists() for place in places)


def _is_defined(dotted: str) -> bool:
    """Return whether a module exists, or a name in one: what follows the module is looked for."""
    place, parts = ROOT / "kaggle_prz", dotted.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    module = place / "__init__.py"
    if parts and (place / f"{parts[0]}.py").is_file():
        module = place / f"{parts.pop(0)}.py"
    return all(re.search(rf"\b{name}\b", module.read_text("utf-8")) for name in parts)


def test_the_metrics_page_is_up_to_date() -> None:
    by_hand, mark, rest = metrics_page.PAGE.read_text("utf-8").partition(metrics_page.MARK)
    assert mark
    assert rest == "\n" + metrics_page.generated(), "cd tests && python -m support.metrics_page"
    assert all(f"`{name}`" in by_hand for name in set(_OF_CELLS.values()) - {"map_at_5"})


def _commands_of(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from _commands_of(command)


@pytest.mark.parametrize("command", [cli, *_commands_of(cli)], ids=lambda command: command.name)
def test_help_begins_with_a_short_sentence(command: click.Command) -> None:
    first = re.split(r"\.(?:\s|$)|\n", (command.help or "").strip())[0]
    assert 1 <= len(first.split()) <= 12, first


@pytest.mark.parametrize("name", Recipe.model_fields)
def test_every_key_of_a_recipe_is_described(name: str) -> None:
    page = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    assert Recipe.model_fields[name].description
    assert f"`{name}`" in page or f"--{name.replace('_', '-')}" in page
