"""docs/competitions.md: how kinds of difficult files are read, and what `inspect` prints.

    cd tests && python -m support.competitions.page

writes the part of the page below its mark again; what is above is written by hand.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from click.testing import CliRunner

from kaggle_prz.commands import inspect
from kaggle_prz.commands.cli import cli
from kaggle_prz.core.errors import PrzError
from kaggle_prz.tasks import infer

from . import DRAWN
from .kinds import KINDS, WITHOUT_EXTRAS, Kind

PAGE = Path(__file__).parents[3] / "docs" / "competitions.md"
MARK = "<!-- From here on: python -m support.competitions.page -->\n"


def generated() -> str:
    """The part below the mark: no competition's text depends on where it was drawn."""
    with tempfile.TemporaryDirectory() as place:
        with mock.patch.dict(os.environ, {"KAGGLE_PRZ_HOME": f"{place}/home"}):
            kinds = "\n".join(_kinds(Path(place)))
        return f"{kinds}\n{chr(10).join(_sections(Path(place)))}"


def _kinds(place: Path) -> Iterator[str]:
    """Yield a table of kinds, with what each is read as or refused with."""
    yield "## Kinds of difficult files\n"
    yield "| what the files look like | options | how they are read |\n|---|---|---|"
    for name in WITHOUT_EXTRAS:
        kind = KINDS[name]
        drawn = kind.draw(place / name / "files", 0)
        options = " ".join(
            f"`--{key.replace('_', '-')} {value}`" for key, value in kind.options.items()
        )
        about = " ".join((kind.draw.__doc__ or name).split())
        yield f"| {_cell(about)} | {options} | {_cell(_outcome(drawn.root, name, kind))} |"
    yield ""


def _outcome(root: Path, name: str, kind: Kind) -> str:
    try:
        task = infer.read(root, slug=name, **kind.options)
    except PrzError as error:
        said = str(error).replace(f"{root}/", "").replace(str(root), "The directory")
        return f"refused: {said}"
    rules = {each.name: each.rule for each in task.evidence}
    notes = [note for note in task.warnings if kind.note and re.search(kind.note, note)]
    return notes[0] if notes else f"{task.kind} in {task.cell} cells: {rules['cell']}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _sections(place: Path) -> Iterator[str]:
    before = Path.cwd()
    os.chdir(place)
    try:
        with mock.patch.dict(os.environ, {"KAGGLE_PRZ_HOME": str(place / "home")}):
            for slug, draw in DRAWN.items():
                draw(place / slug, 0)
                about = " ".join((draw.__doc__ or "").split())
                arguments = ["inspect", "--competition", f"./{slug}"]
                inspect.look(f"./{slug}")  # so that no bar tells how long it took
                result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
                said = "\n".join(line.rstrip() for line in result.output.splitlines())
                command = " ".join(["kaggle-prz", *arguments])
                yield f"## {slug}\n\n{about}\n\n```text\n$ {command}\n{said}\n```\n"
    finally:
        os.chdir(before)


def main() -> None:
    """Write the page."""
    by_hand = PAGE.read_text("utf-8").partition(MARK)[0]
    PAGE.write_text(f"{by_hand}{MARK}\n{generated()}", "utf-8")


if __name__ == "__main__":
    main()
