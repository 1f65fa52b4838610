"""Pushing to a loopback Kaggle, whose kernels run."""

import json
import re
from pathlib import Path

import pytest
from support.toys import Recorder

from kaggle_prz.commands import cli
from kaggle_prz.commands.kernel import datasets, job, pushing, remote
from kaggle_prz.commands.kernel.bundle import Bundle
from kaggle_prz.commands.kernel.job import Job
from kaggle_prz.commands.kernel.submitting import submit_version
from kaggle_prz.competitions.kaggle import Door, retry
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import (
    HostError,
    LimitReachedError,
    RulesNotAcceptedError,
    SecretFoundError,
    SubmissionError,
    UsageError,
)

SLUG, OWNER = "count-rows", "loopback-user"
PREDICT = """
import os, shutil
from pathlib import Path
root = Path(os.environ.get("KAGGLE_PRZ_ROOT", "/kaggle"))
(sample,) = root.glob("input/competitions/*/sample_submission.csv")
assert list(root.glob("input/datasets/*/*/kernel.json"))
shutil.copy(sample, "submission.csv")
print("copied", "hello" * 3)
"""
# Comes one step further a version, as long as its own last output is attached.
TRAIN = """
import json, os
from pathlib import Path
root = Path(os.environ.get("KAGGLE_PRZ_ROOT", "/kaggle"))
last = list(root.glob("input/notebooks/*/*/step.txt"))
step = 1 + int(last[0].read_text()) if last else 1
Path("step.txt").write_text(str(step))
Path("runs").mkdir()
Path("runs/a.txt").write_text("a" * step)
Path("session.json").write_text(json.dumps({"complete": step == 3}))
"""


@pytest.fixture
def kaggle(loopback, tmp_path, monkeypatch):
    """A code competition, this machine's login, and a clock that does not wait."""
    for name, count in (("public", 2), ("hidden", 30)):
        rows = [f"{number},{number % 2}" for number in range(count)]
        (tmp_path / name).mkdir()
        (tmp_path / name / "sample_submission.csv").write_text("\n".join(["id,label", *rows, ""]))
    loopback.competition(
        SLUG,
        tmp_path / "public",
        hidden=tmp_path / "hidden",
        answers=tmp_path / "hidden" / "sample_submission.csv",
        metric="accuracy",
        isKernelsSubmissionsOnly=True,
    )
    loopback.settings(scoring_seconds=0.0, queue_seconds=0.0, root_variable="KAGGLE_PRZ_ROOT")
    for name, value in loopback.environment().items():
        if name.startswith("KAGGLE_") or name.endswith("_proxy"):
            monkeypatch.setenv(name, value)
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    pause = retry.time.sleep
    monkeypatch.setattr(retry, "pause", lambda seconds: pause(min(seconds, 0.1)))
    return loopback


@pytest.fixture
def built(tmp_path):
    """What kernel build writes, with a script of its own; returns a function."""

    def make(mode: str, script: str, competition: str = SLUG) -> Path:
        bundle = Bundle(tmp_path / "built" / "bundle")
        todo = Job(
            mode=mode,
            competition=competition,
            requirements=(),
            kernel=f"{OWNER}/{job.kernel_slug(mode, competition)}",
        )
        bundle.add_json("kernel.json", todo.model_dump(mode="json"))
        bundle.add_json("runs/first/plan.json", {})
        bundle.seal()
        filesystem.write_json(bundle.directory / job.DATASET, job.dataset_metadata(todo))
        folder = tmp_path / "built" / "kernel"
        filesystem.make_empty(folder)
        (folder / f"{mode}.py").write_text(script)
        template = {
            "code_file": f"{mode}.py",
            "language": "python",
            "kernel_type": "script",
            "model_sources": [],
        }
        filesystem.write_json(
            folder / job.KERNEL, job.kernel_metadata(template, todo, "t4x2", resume=False)
        )
        return tmp_path / "built"

    return make


def seal_again(directory: Path) -> None:
    bundle = Bundle.__new__(Bundle)
    bundle.directory, bundle._paths = directory, {}
    bundle.seal()


def names(kaggle) -> list[str]:
    return [each["name"] for each in kaggle.requests()]


def versions(kaggle, ref: str) -> list[dict]:
    return kaggle.control("state", room="kernels")[ref]["versions"]


def test_a_predicting_kernel_is_pushed_run_and_scored_on_the_hidden_rows(kaggle, built):
    console = Recorder()
    pushed = pushing.push(built("predict", PREDICT), submit=True, message="mine", console=console)
    assert (pushed.version.number, pushed.status) == (1, "COMPLETE")
    assert pushed.submission.public_score == 1.0
    described = r"mine \[prz-predict-count-rows v1 [0-9a-f]{8}\]"
    assert re.fullmatch(described, pushed.submission.description)
    assert console.lines[-1].startswith("Leaderboard of count-rows: public score 1.00000")
    (version,) = versions(kaggle, f"{OWNER}/prz-predict-count-rows")
    assert version["enableInternet"] is False
    assert version["isPrivate"] is True
    assert version["machineShape"] == "NvidiaTeslaT4"
    assert version["datasetDataSources"] == [f"{OWNER}/prz-predict-count-rows-bundle"]
    dataset = kaggle.control("state", room="datasets")[f"{OWNER}/prz-predict-count-rows-bundle"]
    assert dataset["isPrivate"] is True


def test_a_version_is_submitted_once(kaggle, built):
    place = built("predict", PREDICT)
    version = pushing.push(place).version
    door = Door()
    first, second = (submit_version(door, SLUG, version, "", Recorder()) for _ in range(2))
    assert first.ref == second.ref
    assert len(kaggle.requests("CreateCodeSubmission")) == 1


def test_a_bundle_is_submitted_once_and_again_on_purpose(kaggle, built):
    console = Recorder()
    first, second = (
        pushing.push(built("predict", PREDICT), submit=True, console=console) for _ in range(2)
    )
    assert second.submission.ref == first.submission.ref
    assert second.version == first.version
    assert second.submission.public_score == 1.0
    told = [line for line in console.lines if "it is not submitted again" in line]
    assert "version 1 of loopback-user/prz-predict-count-rows" in told[0]
    assert len(kaggle.requests("SaveKernel")) == 1
    third = pushing.push(built("predict", PREDICT), submit=True, again=True)
    assert third.version.number == 2
    assert len(kaggle.control("state", room="submissions")) == 2


def test_a_push_that_was_stopped_before_its_score_goes_on_waiting(kaggle, built, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pushing.submitting.submissions, "wait", stopped)
        with pytest.raises(KeyboardInterrupt):
            pushing.push(built("predict", PREDICT), submit=True)
    pushed = pushing.push(built("predict", PREDICT), submit=True)
    assert pushed.submission.public_score == 1.0
    assert len(kaggle.control("state", room="submissions")) == 1


def test_another_bundle_is_another_submission(kaggle, built):
    place = built("predict", PREDICT)
    pushing.push(place, submit=True)
    (place / "bundle" / "new.json").write_text("{}")
    seal_again(place / "bundle")
    pushing.push(place, submit=True)
    assert len(kaggle.control("state", room="submissions")) == 2


def test_no_kernel_runs_for_a_submission_that_the_day_has_no_room_for(kaggle, built, tmp_path):
    kaggle.competition(SLUG, tmp_path / "public", maxDailySubmissions=0)
    with pytest.raises(
        LimitReachedError, match="The daily limit of submissions to 'count-rows' is used"
    ):
        pushing.push(built("predict", PREDICT), submit=True)
    assert not kaggle.requests("SaveKernel")


def test_a_training_is_pushed_until_it_is_done(kaggle, built, tmp_path):
    place = built("train", TRAIN)
    pushed = pushing.push(place, until_done=True)
    assert pushed.version.number == 3
    ref = f"{OWNER}/prz-train-count-rows"
    sources = [each["kernelDataSources"] for each in versions(kaggle, ref)]
    assert sources == [[], [ref], [ref]]
    files = remote.pull(Door(), ref, tmp_path / "pulled", Recorder())
    assert {file.relative_to(tmp_path / "pulled").as_posix() for file in files} == {
        "runs/a.txt", "session.json", "step.txt",
    }  # fmt: skip
    assert (tmp_path / "pulled" / "runs" / "a.txt").read_text() == "aaa"


def test_a_bundle_is_uploaded_when_it_changed(kaggle, built):
    place = built("train", TRAIN)
    door, console = Door(), Recorder()
    for _ in range(2):
        datasets.publish(door, place / "bundle", console)
    assert console.lines == [
        "The bundle loopback-user/prz-train-count-rows-bundle has not changed "
        "and is already at Kaggle."
    ]
    (place / "bundle" / "new.json").write_text("{}")
    seal_again(place / "bundle")
    datasets.publish(door, place / "bundle", console)
    (state,) = kaggle.control("state", room="datasets").values()
    assert len(state["versions"]) == 2


@pytest.mark.parametrize("fault", [503, "lost"])
def test_a_submission_without_an_answer_is_looked_for(kaggle, built, fault):
    """Made, though its answer was lost: found by the version that it is of; else made again."""
    place = built("predict", PREDICT)
    if fault == "lost":
        kaggle.faults.add("CreateCodeSubmission", "reset", after=True)
    else:
        kaggle.faults.add("CreateCodeSubmission", fault)
    pushed = pushing.push(place, submit=True)
    assert pushed.submission.public_score == 1.0
    assert len(kaggle.control("state", room="submissions")) == 1


def test_nobody_is_waited_for_on_request(kaggle, built):
    pushed = pushing.push(built("train", "import time; time.sleep(0.3)"), wait=False)
    assert pushed.status == "QUEUED"
    assert {"SaveKernel"} <= set(names(kaggle)) - {"GetKernelSessionStatus"}
    assert "GetKernelSessionStatus" not in names(kaggle)


def test_the_end_of_the_log_of_a_failure_is_shown(kaggle, built):
    console = Recorder()
    script = "print('before')\nraise SystemExit('the data is not what it was')"
    with pytest.raises(HostError, match=r"ended with error: .* The log ends with: the data is not"):
        pushing.push(built("train", script), console=console)
    assert "  before" in console.lines


def test_a_session_that_does_not_end_is_left_alone(kaggle, built):
    with pytest.raises(
        HostError,
        match=r"is running after .*continues at Kaggle; show its status with: kaggle-prz kernel",
    ):
        pushing.push(built("train", "import time; time.sleep(3)"), timeout=0.2)


def test_a_competition_whose_rules_were_not_accepted(kaggle, built, tmp_path):
    kaggle.competition("closed", tmp_path / "public", rulesAccepted=False)
    with pytest.raises(RulesNotAcceptedError, match=r"competitions/closed/rules"):
        pushing.push(built("train", TRAIN, "closed"))


def test_sources_that_kaggle_leaves_out_are_told(kaggle, built):
    place = built("train", TRAIN)
    metadata = json.loads((place / "kernel" / job.KERNEL).read_text())
    metadata["kernel_sources"] = ["nobody/nothing"]
    (place / "kernel" / job.KERNEL).write_text(json.dumps(metadata))
    with pytest.raises(HostError, match=r"without some of its sources \(kernel nobody/nothing\)"):
        pushing.push(place)


def test_a_kernel_that_wrote_no_submission_is_told(kaggle, built):
    with pytest.raises(SubmissionError, match=r"has no file 'submission\.csv'"):
        pushing.push(built("predict", "print('nothing')"), submit=True)


def test_no_credential_is_uploaded(kaggle, built):
    place = built("train", TRAIN)
    notes = place / "bundle" / "notes.txt"
    notes.write_text(kaggle.account["key"])
    with pytest.raises(SecretFoundError, match=r"notes\.txt"):
        pushing.push(place)
    notes.unlink()
    assert "StartBlobUpload" not in names(kaggle)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "", "C:x", "..\\x"])
def test_names_that_lead_out_are_refused(tmp_path, name, monkeypatch):
    listed = {"files": [{"fileName": name, "url": "http://localhost/x"}]}
    monkeypatch.setattr(remote, "_listing", lambda door, ref: iter([listed]))
    with pytest.raises(HostError, match="leads out of the directory"):
        remote.pull(Door(), "me/it", tmp_path / "to", Recorder())
    assert not (tmp_path / "to").exists()


def test_what_is_no_build_is_refused(tmp_path):
    with pytest.raises(UsageError, match="or the directory of a run; received"):
        pushing.push(tmp_path)


def test_only_trainings_are_pushed_until_done(built):
    with pytest.raises(UsageError, match="--until-done is only for kernels that train"):
        pushing.push(built("predict", PREDICT), until_done=True)


@pytest.mark.parametrize("ref", ["me", "a/b/c", "https://elsewhere.org/me/x", "me/ x"])
def test_a_kernel_is_named_by_owner_and_slug(ref):
    with pytest.raises(UsageError, match="named OWNER/SLUG"):
        remote.check_ref(ref)
    assert remote.check_ref("https://www.kaggle.com/code/me/prz-train-x") == "me/prz-train-x"


def test_the_commands(kaggle, built, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = built("train", TRAIN)
    cli.cli.main(["kernel", "push", str(place)], standalone_mode=False)
    ref = f"{OWNER}/prz-train-count-rows"
    capsys.readouterr()
    cli.cli.main(["kernel", "status", ref], standalone_mode=False)
    assert capsys.readouterr().out == "complete\n"
    cli.cli.main(["kernel", "pull", ref, "--output", "there"], standalone_mode=False)
    assert capsys.readouterr().out.endswith("3 files in there\n")
