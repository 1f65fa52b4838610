"""Every command and every Python example of the README and of docs/ runs."""

import importlib.metadata
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kaggle_prz.commands.cli import cli, main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in commands(page):
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


def test_every_backbone_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    registered = set(project["entry-points"]["kaggle_prz.backbones"])
    listed = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "backbones.md").read_text("utf-8")))
    assert registered <= listed


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_ci_script_runs_the_readmes_test_command() -> None:
    assert "pip install --quiet tox && tox" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_modules_are_all_in_the_picture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    package = ROOT / "kaggle_prz"
    modules = {p.stem for p in package.glob("*.py")} | {
        p.parent.name for p in package.glob("*/__init__.py")
    }
    missing = {m for m in modules if m != "__init__" and not re.search(rf"\b{m}\b", text)}
    assert not missing
