import json
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.errors import RunError
from kaggle_prz.journal import Journal


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "deep" / "journal.jsonl")


def test_events_come_back_in_their_order(journal):
    assert list(journal) == []
    journal.add("begun", attempt="a")
    journal.add("fitted", attempt="a", score=0.5)
    journal.add("begun", attempt="b", note="日本\n")
    assert [event["event"] for event in journal] == ["begun", "fitted", "begun"]
    assert journal.last("a")["score"] == 0.5
    assert journal.last("a", "begun")["event"] == "begun"
    assert journal.last("b")["note"] == "日本\n"
    assert journal.last("c") is None
    assert journal.last("b", "fitted") is None


def test_a_torn_line_is_passed_over_and_the_next_event_has_a_line_of_its_own(journal):
    journal.add("begun", attempt="a")
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + whole[: len(whole) // 2])
    assert len(list(journal)) == 1
    journal.add("fitted", attempt="a")
    assert [event["event"] for event in journal] == ["begun", "fitted"]


@given(kept=st.integers(0, 300))
def test_cut_anywhere_it_holds_the_events_that_were_whole(tmp_path_factory, kept):
    journal = Journal(tmp_path_factory.mktemp("cut") / "journal.jsonl")
    for number in range(3):
        journal.add("begun", attempt=str(number), text="}")
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:kept])
    whole = [json.loads(line) for line in content[:kept].split(b"\n")[:-1]]
    assert list(journal) == whole
    journal.add("fitted", attempt="3")
    assert [event["attempt"] for event in journal] == [*(e["attempt"] for e in whole), "3"]


@pytest.mark.parametrize("line", [b"{}}", b'{"event": "begun"}', b'["event", "time"}', b"\xff}"])
def test_a_line_that_is_no_event_is_named(journal, line):
    journal.add("begun", attempt="a")
    with journal.path.open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(RunError, match=r"Line 2 of .*journal\.jsonl should be an event"):
        list(journal)


def test_a_killed_writer_loses_nothing_that_was_added(journal):
    code = (
        "import sys; from pathlib import Path; from kaggle_prz.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1])); number = 0\n"
        "while True:\n    journal.add('step', attempt=str(number)); print(number, flush=True)\n"
        "    number += 1\n"
    )
    command = [sys.executable, "-c", code, str(journal.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(5):
            last = int(writer.stdout.readline())
        time.sleep(0.05)
        writer.kill()
        last = max([last, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    found = [int(event["attempt"]) for event in journal]
    assert found[: last + 1] == list(range(last + 1))
