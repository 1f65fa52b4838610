"""Whether Kaggle takes a submission is asked before a run is trained for it."""

import pytest
from support.toys import Recorder

from kaggle_prz import competitions
from kaggle_prz.commands import auto, submit
from kaggle_prz.commands import fit as experiment
from kaggle_prz.core.errors import (
    CompetitionNotFoundError,
    CredentialsError,
    RulesNotAcceptedError,
    SubmissionError,
)

OVER = {"deadline": "2020-01-02T23:59:00Z"}


def check(world) -> list[str]:
    """What is noted, besides waits."""
    console = Recorder()
    world.again()
    submit.check(competitions.find(world.slug), console)
    return [line for line in console.lines if "trying again in" not in line]


@pytest.fixture(autouse=True)
def nothing_is_sent(world):
    uploads = len(world.server.requests("upload"))
    yield
    assert world.submissions() == []
    assert len(world.server.requests("upload")) == uploads


def test_an_open_competition_is_asked_for_its_limits_and_announced_nothing(world):
    assert check(world) == []
    assert len(world.requests("GetSubmissionLimits")) == 1
    assert world.requests("StartSubmissionUpload") == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (OVER, r"ended on 2020-01-02, and Kaggle takes no late submissions to it\."),
        ({"submissionsDisabled": True}, "takes no submissions at the moment"),
        ({"maxTotalSubmissions": 0}, "has used all 0 submissions"),
    ],
)
def test_what_will_not_be_taken_is_refused_with_a_way_on(world, fields, words):
    check(world)
    world.change(**fields)
    with pytest.raises(SubmissionError, match=rf"{words}.* run fit without --submit\."):
        check(world)


def test_a_late_submission_that_is_taken_is_a_note(world):
    world.change(**OVER, takesLate=True)
    (note,) = check(world)
    assert "ended on 2020-01-02. Kaggle scores a late submission, but does not rank it" in note
    assert len(world.requests("StartSubmissionUpload")) == 1


def test_a_code_competition_that_is_over_is_a_note(world):
    world.change(**OVER, isKernelsSubmissionsOnly=True)
    (note,) = check(world)
    assert note.startswith("Note: ")
    assert "late submission of a kernel" in note
    assert world.requests("StartSubmissionUpload") == []


@pytest.mark.parametrize("fields", [{}, OVER | {"takesLate": True}])
def test_a_day_that_is_used_up_is_a_note_since_training_may_outlast_it(world, fields):
    world.change(maxDailySubmissions=0, **fields)
    (note,) = check(world)
    assert note.startswith("Note: The daily limit of submissions to ")
    assert "after midnight UTC" in note


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", ["reset", 503])
def test_a_kaggle_that_cannot_be_reached_is_a_note(world, kind, known):
    if known:
        world.about()
    world.server.faults.add("*", kind, times=0)
    (note,) = check(world)
    assert note.startswith(
        f"Note: Kaggle could not be asked whether {world.slug!r} takes a submission: "
    )


def test_a_late_submission_that_cannot_be_asked_for_is_a_note(world):
    world.change(**OVER)
    world.server.faults.add("StartSubmissionUpload", 503, times=0)
    (note,) = check(world)
    assert "Asking for a late submission to" in note


def test_an_account_that_kaggle_refuses_is_no_note(world, monkeypatch):
    world.server.faults.add("GetSubmissionLimits", "rules", times=0)
    with pytest.raises(RulesNotAcceptedError, match="/rules"):
        check(world)
    world.server.faults.clear()
    world.server.faults.add("GetCompetition", 404, times=0)
    with pytest.raises(CompetitionNotFoundError):
        check(world)
    world.server.faults.clear()
    monkeypatch.setenv("KAGGLE_KEY", "wrong")
    with pytest.raises(CredentialsError):
        check(world)


def test_fit_is_refused_before_anything_is_downloaded(world):
    world.change(**OVER)
    with pytest.raises(SubmissionError, match=r"takes no late submission.*without --submit"):
        experiment.fit(world.slug, submit=True)
    assert world.requests("DownloadDataFiles") == []


def test_fit_beside_an_earlier_run_is_refused_before_a_picture_is_decoded(
    world, tmp_path, monkeypatch
):
    earlier = tmp_path / "runs" / world.slug / "first"
    earlier.mkdir(parents=True)
    (earlier / "submission.csv").touch()
    world.change(**OVER)
    monkeypatch.setattr(experiment.inspect, "read", lambda *_, **__: _task(world))
    monkeypatch.setattr(experiment.images, "decode", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(SubmissionError, match="takes no late submission"):
        experiment.fit(world.slug, submit=True, output_dir=tmp_path / "runs")


def _task(world):
    """A task without pictures, which nobody opens."""
    from dataclasses import replace

    from support.synthetic import draw_competition

    from kaggle_prz.tasks import infer

    root = draw_competition(
        world.files.parent / "drawn", ("a", "b"), 4, 2, groups=False, id_prefix="x"
    )
    return replace(infer.read(root, slug=world.slug, metric="log_loss"))


def test_auto_asks_once_and_only_where_an_attempt_is_left(world, tmp_path):
    fitted = []

    def fit(*_, **__):
        fitted.append(1)
        raise SubmissionError("no run comes of it")

    given = {"count": 3, "output_dir": tmp_path / "runs", "fit": fit, "backbone": "tiny"}
    world.again()
    auto.auto(world.slug, dry_run=True, **given)
    assert not world.requests("GetSubmissionLimits")
    with pytest.raises(Exception, match="None of the 3 attempts"):
        auto.auto(world.slug, **given)
    assert len(fitted) == 3
    assert len(world.requests("GetSubmissionLimits")) == 1
    world.change(**OVER)
    with pytest.raises(SubmissionError, match="takes no late submission"):
        auto.auto(world.slug, **given)
    assert len(fitted) == 3
