"""docs/competitions.md: what `inspect` prints of every drawn competition.

    cd tests && python -m support.competitions.page

writes the part of the page below its mark again; what is above is written by hand.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from click.testing import CliRunner

from kaggle_prz.commands import inspect
from kaggle_prz.commands.cli import cli

from . import DRAWN

PAGE = Path(__file__).parents[3] / "docs" / "competitions.md"
MARK = "<!-- From here on: python -m support.competitions.page -->\n"


def generated() -> str:
    """The part below the mark: no competition's text depends on where it was drawn."""
    with tempfile.TemporaryDirectory() as place:
        return "\n".join(_sections(Path(place)))


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
