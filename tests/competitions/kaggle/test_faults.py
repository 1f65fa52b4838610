"""Every fault at every step, with the official client: it goes on, or says what is to be done."""

import re

import pytest
from support.kaggle_worlds import World, same_files
from support.reliability import CELLS, Cell, page
from support.reliability.table import RECOVERED

from kaggle_prz.competitions.kaggle import client, sdk
from kaggle_prz.core.errors import PrzError


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Timeouts that end soon, and leaderboards of two pages."""
    monkeypatch.setattr(sdk, "TIMEOUT", (5.0, 0.4))
    monkeypatch.setattr(client, "_PAGE", 1)


def carry_out(world: World, command: str) -> None:
    """A command, and what must be so when it has succeeded."""
    host = world.again()
    if command == "download":
        assert same_files(host.download(), world.files)
    elif command == "leaderboard":
        rows = host.standings()
        assert [(row.rank, row.team, row.score) for row in rows] == [
            (1, "Ann", 0.9),
            (2, "Bob", 0.2),
        ]
    else:
        sent = host.wait(host.submit(world.csv, "a try"))
        assert (sent.status, sent.public_score) == ("complete", 1.0)


# A stalled answer is waited for until its time is over.
_MARKED = [
    pytest.param(cell, marks=pytest.mark.full) if cell.id.endswith("-stall") else cell
    for cell in CELLS
]


@pytest.mark.parametrize("cell", _MARKED, ids=lambda cell: cell.id)
def test_a_cell(cell: Cell, world: World) -> None:
    world.server.faults.add(cell.step.method, cell.fault.kind, **cell.fault.order)
    if cell.outcome == RECOVERED:
        carry_out(world, cell.step.command)
    else:
        with pytest.raises(PrzError) as caught:
            carry_out(world, cell.step.command)
        assert type(caught.value).__name__ == cell.outcome, caught.value
        assert cell.words in str(caught.value)
        check_sentence(caught.value, world)
    submits = cell.step.command == "submit"
    assert len(world.submissions()) <= submits
    world.server.faults.clear()
    if submits or cell.outcome != RECOVERED:
        carry_out(world, cell.step.command)
    assert len(world.submissions()) == submits


def check_sentence(error: PrzError, world: World) -> None:
    """It is one or a few sentences, without a secret, a link or a request behind it."""
    said = str(error)
    assert error.__context__ is None or error.__suppress_context__
    assert not any(secret in said for secret in world.server.account.values())
    assert not re.search(r"signature=|Traceback|object at 0x|127\.0\.0\.1", said)
    assert said.rstrip().endswith((".", "rules"))
    assert len(said) < 600


def test_the_page_is_up_to_date() -> None:
    by_hand, mark, rest = page.PAGE.read_text("utf-8").partition(page.MARK)
    assert mark
    assert by_hand
    assert rest == "\n" + page.generated(), "cd tests && python -m support.reliability.page"
