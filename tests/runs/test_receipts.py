"""Receipts are written in steps: what comes later may be missing, and damage is one sentence."""

import json
from pathlib import Path

import pytest
from support.synthetic import make_run, write_receipt

from kaggle_prz import report
from kaggle_prz.core.errors import RunError
from kaggle_prz.report import terminal
from kaggle_prz.runs import records
from kaggle_prz.runs.records import Receipt

SENT = {
    "host": "kaggle",
    "ref": 7,
    "date": "2026-01-02T03:04:05+00:00",
    "description": "a try",
    "file_name": "submission.csv",
    "sha256": "0" * 64,
    "status": "pending",
    "public_score": None,
    "private_score": None,
    "error": "",
}
LATER = ("rank", "best_public_score", "teams", "percentile")


def _read(run: Path) -> Receipt:
    return records.read(run / "receipt.json", Receipt)


@pytest.fixture
def pending(tmp_path):
    """A run whose submission was sent, and killed before it was graded; as written before."""
    run = make_run(tmp_path / "toys" / "first", stages=1, rows_a_class=3, test_rows=2)
    (run.path / "receipt.json").write_text(json.dumps(SENT))
    return run


def test_a_pending_receipt_is_read_and_shown_everywhere(pending, tmp_path):
    receipt = pending.receipt
    assert (receipt.status, receipt.ref) == ("pending", 7)
    assert [getattr(receipt, name) for name in LATER] == [None] * 4
    (fact,) = terminal.run_facts(tmp_path)
    assert (fact["sealed"], fact["public_score"]) == ("3 of 3", None)
    assert "not graded yet" in report.write(pending).read_text("utf-8")


def test_a_refused_one_is_shown_as_such(pending):
    write_receipt(pending, status="error", public_score=None, rank=None, error="Wrong ids.")
    assert "refused" in report.write(pending).read_text("utf-8")


@pytest.mark.parametrize("without", [*SENT])
def test_only_what_was_known_when_it_was_sent_is_needed(tmp_path, without):
    (tmp_path / "receipt.json").write_text(json.dumps({k: SENT[k] for k in SENT if k != without}))
    if without in {"ref", "date", "sha256", "status"}:
        with pytest.raises(RunError, match=f"lacks '{without}'.*Remove that file and submit"):
            _read(tmp_path)
    else:
        assert _read(tmp_path).ref == 7


def test_a_receipt_is_read_as_it_was_written(tmp_path):
    known = Receipt(**SENT | {"status": "complete", "public_score": 0.1, "rank": 2, "teams": 60})
    records.write(tmp_path / "receipt.json", known)
    assert _read(tmp_path) == known
    assert [*json.loads((tmp_path / "receipt.json").read_text())] == ["version", *SENT, *LATER]


def test_what_a_later_version_adds_is_no_damage(tmp_path):
    (tmp_path / "receipt.json").write_text(json.dumps(SENT | {"medal": "gold"}))
    assert _read(tmp_path).ref == 7


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe{}"]
    + [json.dumps(SENT | {key: []}).encode() for key in ("ref", "status", "date", "sha256")]
    + [json.dumps(SENT | {"status": "lost"}).encode()],
)
def test_damage_is_one_sentence_that_says_what_to_do(tmp_path, content):
    (tmp_path / "receipt.json").write_bytes(content)
    with pytest.raises(RunError, match=r"receipt\.json .* Remove that file and submit") as caught:
        _read(tmp_path)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)
