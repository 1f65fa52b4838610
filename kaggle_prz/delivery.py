"""A run's submission -> its host, once: validated, looked up first, answered with a receipt."""

from typing import Any

from kaggle_prz import hosts, metrics, submission, workdir
from kaggle_prz.console import Console, Silent
from kaggle_prz.errors import RunError
from kaggle_prz.runs import Run


def submit(
    run: Run, *, message: str = "", again: bool = False, console: Console | None = None
) -> dict[str, Any]:
    """Submit a run's predictions to the competition's leaderboard.

    The same file is sent once: a receipt in the run, or a submission of the same content that the
    host already has, is answered from there.

    Args:
        run: with a `submission.csv`.
        message: description; default: the run's name and out-of-fold score.
        again: send the same content another time.
        console: gets the leaderboard line.

    Returns:
        The receipt: `ref`, `date`, `sha256`, `public_score`, `rank`, `teams`, …

    Raises:
        SubmissionError: the file would be refused, was refused, or the day's limit is reached.
        RunError: the run has no submission yet.
    """
    if not run.submission.is_file():
        raise RunError(f"{run.path} has no submission.csv yet; fit it first.")
    with workdir.locked(run.path):
        return _submit(run, message, again, console or Silent())


def check(competition: str) -> None:
    """Refuse to submit where nobody keeps a leaderboard, before anything is trained.

    Raises:
        SubmissionError: the competition has no leaderboard.
    """
    host, slug = hosts.find(competition)
    host.standings(slug)


def _submit(run: Run, message: str, again: bool, console: Console) -> dict[str, Any]:
    host, slug = hosts.find(run.competition)
    submission.validate(run.submission, run.task)
    digest = workdir.sha256(run.submission)
    if digest != run.blend.get("submission_sha256", digest):
        console.say(
            "Note: submission.csv is not the file that the run wrote, so its out-of-fold score "
            "says nothing about it. The fit command writes the run's own again."
        )
    before = None if again else _sent_before(run, host, slug, digest)
    if before is not None:
        console.say(
            f"This very file was submitted before ({before['date']}); it is not sent again."
        )
        receipt = before
    else:
        metric = metrics.get(run.task.metric)
        described = message or f"{run.name}: out-of-fold {metric.title} {run.score:.4f}"
        answer = host.submit(slug, run.submission, described)
        receipt = _shown(host, answer)
    receipt |= _standing(host, slug)
    workdir.write_json(run.path / "receipt.json", receipt)
    console.say(_line(run, receipt))
    return receipt


def _sent_before(run: Run, host: hosts.Host, slug: str, digest: str) -> dict[str, Any] | None:
    receipt = run.receipt
    if receipt is not None and receipt["sha256"] == digest and receipt["status"] == "complete":
        return dict(receipt)
    for sent in host.submissions(slug):
        if sent.sha256 == digest and sent.status == "complete":
            return _shown(host, sent)
    return None


def _shown(host: hosts.Host, sent: hosts.Submission) -> dict[str, Any]:
    """What a submission's answer shows; a practice host knows the private score at once."""
    return {"host": host.name, **vars(sent), "private_score": None}


def _standing(host: hosts.Host, slug: str) -> dict[str, Any]:
    standings = host.standings(slug)
    mine = [row for row in standings if row.team == hosts.TEAM]
    return {
        "rank": mine[0].rank if mine else None,
        "best_public_score": mine[0].score if mine else None,
        "teams": len(standings),
    }


def _line(run: Run, receipt: dict[str, Any]) -> str:
    metric = metrics.get(run.task.metric)
    best = receipt["best_public_score"]
    rank = f"rank {receipt['rank']} of {receipt['teams']}"
    if best is not None and metric.better(best, receipt["public_score"]):
        rank = f"your best {best:.4f} has {rank}"
    return (
        f"Leaderboard of {run.task.slug}: public {metric.title} {receipt['public_score']:.4f}, "
        f"{rank} (out-of-fold {run.score:.4f})"
    )
