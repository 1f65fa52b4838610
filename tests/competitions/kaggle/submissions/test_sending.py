import json
import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest
from support.kaggle_worlds import TRUTH, write_sheet
from support.toys import Recorder

from kaggle_prz.competitions.kaggle import submissions
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import HostError, RunError, SubmissionError


def test_a_submission_is_made_and_scored(world):
    console = Recorder()
    pending = world.source.submit(world.csv, "a try", console=console)
    digest = filesystem.sha256(world.csv)
    assert (pending.status, pending.sha256) == ("pending", digest)
    graded = world.source.wait(pending, console)
    assert (graded.status, graded.public_score, graded.ref) == ("complete", 1.0, pending.ref)
    (made,) = world.submissions()
    assert made["description"] == f"a try [prz {digest[:8]}]"
    assert world.source.sent_before(graded.sha256) == graded
    assert console.bars == [(f"score of {world.slug}", 1)]


def test_the_ledger_is_its_owners_alone_and_keeps_no_token(world):
    world.source.submit(world.csv, "")
    path = submissions.ledger(world.slug)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (entry,) = submissions.entries(world.slug)
    assert entry.ref
    assert not entry.token
    assert not any(secret in path.read_text() for secret in world.server.account.values())


def test_the_same_content_is_sent_once(world):
    first = world.source.submit(world.csv, "a try")
    copy = write_sheet(world.csv.with_name("copy.csv"), TRUTH)
    assert world.again().submit(copy, "another").ref == first.ref
    assert world.source.sent_before(first.sha256).ref == first.ref
    assert len(world.submissions()) == 1


def test_another_machine_knows_it_by_its_tag(world):
    first = world.source.submit(world.csv, "a try")
    submissions.ledger(world.slug).unlink()
    assert world.again().submit(world.csv, "a try").ref == first.ref
    assert len(world.submissions()) == 1


def test_it_is_sent_again_on_purpose(world):
    first = world.source.submit(world.csv, "a try")
    second = world.source.submit(world.csv, "a try", again=True)
    assert second.ref != first.ref
    tags = [made["description"].partition("[prz ")[2] for made in world.submissions()]
    assert tags == [f"{first.sha256[:8]}]", f"{first.sha256[:8]} 2]"]
    assert world.again().submit(world.csv, "").ref == second.ref


@pytest.mark.full
def test_two_processes_make_one_submission(world):
    code = (
        "import sys; from pathlib import Path; from kaggle_prz.competitions import kaggle\n"
        f"print(kaggle.KaggleSource({world.slug!r}).submit(Path({str(world.csv)!r}), 'x').ref)"
    )
    command = [sys.executable, "-c", code]
    both = [
        subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    refs = {process.communicate()[0].strip() for process in both}
    assert len(refs) == 1
    assert [str(made["ref"]) for made in world.submissions()] == [*refs]


@pytest.mark.parametrize("again", [False, True])
def test_a_lost_answer_is_looked_up(world, again):
    if again:
        world.source.submit(world.csv, "")
    world.server.faults.add("CreateSubmission", "reset", after=True)
    made = world.source.submit(world.csv, "", again=again)
    assert [each["ref"] for each in world.submissions()][-1] == made.ref
    assert len(world.submissions()) == 1 + again


def test_a_process_killed_while_it_asked_leaves_one_submission(world, monkeypatch):
    once = type(world.source.door).once

    def die(self, method, service="competitions", **fields):
        answer = once(self, method, service, **fields)
        if method == "CreateSubmission":
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(type(world.source.door), "once", die)
        with pytest.raises(KeyboardInterrupt):
            world.source.submit(world.csv, "")
    (entry,) = submissions.entries(world.slug)
    assert (entry.asked, entry.ref) == (True, 0)
    made = world.again().submit(world.csv, "", again=True)
    assert [each["ref"] for each in world.submissions()] == [made.ref]


def test_a_process_killed_before_it_asked_uses_its_upload(world, monkeypatch):
    once = type(world.source.door).once

    def die(self, method, service="competitions", **fields):
        if method == "CreateSubmission":
            raise KeyboardInterrupt
        return once(self, method, service, **fields)

    with monkeypatch.context() as patch:
        patch.setattr(type(world.source.door), "once", die)
        with pytest.raises(KeyboardInterrupt):
            world.source.submit(world.csv, "")
    assert world.submissions() == []
    world.again().submit(world.csv, "")
    assert len(world.submissions()) == 1
    assert len(world.requests("StartSubmissionUpload")) == 1


def test_an_upload_that_is_too_old_is_made_anew(world):
    digest = filesystem.sha256(world.csv)
    submissions.put(world.slug, submissions.Entry(digest, 1, token="of-long-ago"))
    assert world.source.submit(world.csv, "").ref
    assert len(world.submissions()) == 1


def test_nobody_knows_what_came_of_it(world):
    world.server.faults.add("CreateSubmission", "reset", after=True)
    world.server.faults.add("ListSubmissions", 503, nth=2, times=0)
    with pytest.raises(HostError, match="did not confirm the submission"):
        world.source.submit(world.csv, "")
    world.server.faults.clear()
    assert world.again().submit(world.csv, "").ref == world.submissions()[0]["ref"]
    assert len(world.submissions()) == 1


def test_a_number_of_0_is_no_submission(world):
    said = {"message": "Could not submit to competition", "ref": 0}
    world.server.faults.add("CreateSubmission", "answer", content=said)
    with pytest.raises(
        SubmissionError, match=r"refused the submission .* Could not submit to competition"
    ):
        world.source.submit(world.csv, "")
    assert submissions.entries(world.slug) == ()


def test_the_days_limit_is_asked_first(world):
    world.change(maxDailySubmissions=1)
    world.source.submit(world.csv, "")
    uploads = len(world.requests("StartSubmissionUpload"))
    with pytest.raises(SubmissionError, match=r"used up: 1 of 1 were made .* after midnight UTC"):
        world.source.submit(world.csv, "", again=True)
    assert len(world.requests("StartSubmissionUpload")) == uploads


def test_a_limit_in_all_is_told(world):
    world.change(maxTotalSubmissions=0)
    with pytest.raises(SubmissionError, match="Your team has used all 0"):
        world.source.submit(world.csv, "")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"isKernelsSubmissionsOnly": True}, "kaggle-prz kernel push RUN --submit"),
        ({"submissionsDisabled": True}, "takes no submissions at the moment"),
        ({"deadline": "2020-01-01T00:00:00Z"}, "The deadline of this competition has passed"),
    ],
)
def test_what_takes_no_file_is_told(world, fields, words):
    world.change(**fields)
    with pytest.raises(SubmissionError, match=words):
        world.source.submit(world.csv, "")
    assert world.submissions() == []
    assert submissions.entries(world.slug) == ()


def test_a_refused_file_has_the_hosts_reason(world):
    bad = write_sheet(world.csv.with_name("bad.csv"), {"img_00": "leaf"})
    graded = world.source.wait(world.source.submit(bad, ""))
    assert graded.status == "error"
    assert graded.error
    assert world.source.sent_before(graded.sha256) is None


def test_an_unknown_status_is_waited_out(world):
    pending = world.source.submit(world.csv, "")
    world.server.faults.add("GetSubmission", "answer", content={"status": "SOMETHING_NEW"})
    assert world.source.wait(pending).status == "complete"


def test_waiting_ends(world, monkeypatch, waits):
    monkeypatch.setattr(submissions, "LONGEST_WAIT", 100.0)
    pending = world.source.submit(world.csv, "")
    world.server.faults.add("GetSubmission", "answer", times=0, content={"status": "PENDING"})
    with pytest.raises(HostError, match="is not lost"):
        world.source.wait(pending)
    assert 100 < sum(waits) < 140
    assert max(waits) == 30


def test_a_damaged_ledger_is_not_guessed_at(world):
    submissions.ledger(world.slug).parent.mkdir(parents=True)
    submissions.ledger(world.slug).write_text("[{")
    with pytest.raises(RunError, match="was not changed"):
        world.source.submit(world.csv, "")


def test_an_upload_that_was_cut_goes_on(world):
    large = world.csv.with_name("large.csv")
    large.write_text("id,label\n" + "x" * 3_000_000)
    world.server.faults.add("upload", "cut", size=1_000_000)
    world.source.submit(large, "")
    ranges = [each["range"] for each in world.server.requests("upload")][-3:]
    assert ranges[1] == "bytes */3000009"
    assert ranges[2].endswith("-3000008/3000009")
    assert int(ranges[2][6:].partition("-")[0]) >= 500_000


def test_a_description_leaves_room_for_its_tag():
    entry = submissions.Entry("1a2b3c4d5e", 12)
    assert submissions.tagged("x" * 1000, entry) == f"{'x' * 482} [prz 1a2b3c4d 12]"
    assert submissions.attempt_of(submissions.tagged("[prz ffffffff]", entry), entry.sha256) == 12
    assert submissions.attempt_of("a [prz 1a2b3c4d]", "ffffffff00") == 0


def test_entries_are_put_in_their_place():
    one, two = submissions.Entry("aa", 1), submissions.Entry("aa", 2)
    submissions.put("dogs", one)
    submissions.put("dogs", two)
    submissions.put("dogs", replace(one, ref=7))
    assert [(e.attempt, e.ref) for e in submissions.entries("dogs")] == [(2, 0), (1, 7)]
    submissions.drop("dogs", two)
    assert json.loads(submissions.ledger("dogs").read_text())[0]["ref"] == 7
