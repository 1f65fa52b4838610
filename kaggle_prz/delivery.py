"""A run's submission -> its host, once: validated, looked up first, answered with a receipt."""

from typing import Any

from kaggle_prz import hosts, metrics, submission, workdir
from kaggle_prz.console import Console, Silent
from kaggle_prz.errors import HostError, RunError, SubmissionError
from kaggle_prz.runs import Run


def submit(
    run: Run, *, message: str = "", again: bool = False, console: Console | None = None
) -> dict[str, Any]:
    """Submit a run's predictions to the competition's leaderboard.

    The same file is sent once: a receipt in the run, or a submission of the same content that the
    host already has, is answered from there. Where a host takes its time to grade, the receipt says
    `pending` until it has, and a later call goes on waiting.

    Args:
        run: with a `submission.csv`.
        message: description; default: the run's name and out-of-fold score.
        again: send the same content another time.
        console: gets the leaderboard line.

    Returns:
        The receipt: `ref`, `date`, `sha256`, `status`, `public_score`, `rank`, `teams`,
        `percentile` (of the best score; 1 is the best of a hundred), …

    Raises:
        SubmissionError: the file would be refused, was refused, or the day's limit is reached.
        RunError: the run has no submission yet.
        HostError: and its children: the host does not answer; the next call finds out what came
            of it, and sends nothing twice.
    """
    if not run.submission.is_file():
        raise RunError(f"{run.path} has no submission.csv yet; fit it first.")
    with workdir.locked(run.path):
        return _submit(run, message, again, console or Silent())


def check(competition: str) -> None:
    """Refuse to submit where nobody would take it, before anything is trained.

    Raises:
        SubmissionError: the competition has no leaderboard, or takes no submissions now.
    """
    host, slug = hosts.find(competition)
    if isinstance(host, hosts.FolderHost):
        host.standings(slug)
    elif closed := host.describe(slug).closed:
        raise SubmissionError(f"{slug!r} {closed}. Fit without --submit.")


def keep(run: Run, sent: hosts.Submission, console: Console) -> dict[str, Any]:
    """Write the receipt of a submission that was made in another way, and say its score.

    Args:
        run: whose predictions they are.
        sent: as graded.
        console: gets the leaderboard line.
    """
    host, slug = hosts.find(run.competition)
    receipt = _kept(run, _shown(host, sent) | _standing(host, slug, console))
    console.say(_line(run, receipt))
    return receipt


def _submit(run: Run, message: str, again: bool, console: Console) -> dict[str, Any]:
    host, slug = hosts.find(run.competition)
    submission.validate(run.submission, run.task)
    digest = workdir.sha256(run.submission)
    if digest != run.blend.get("submission_sha256", digest):
        console.say(
            "Note: submission.csv is not the file that the run wrote, so its out-of-fold score "
            "says nothing about it. The fit command writes the run's own again."
        )
    receipt = _sent_before(run, host, slug, digest, again=again, console=console)
    if receipt is None:
        described = message or _description(run)
        sent = host.submit(slug, run.submission, described, again=again, console=console)
        receipt = _kept(run, _shown(host, sent))
    if receipt["status"] == "pending":
        receipt = _waited_for(run, host, slug, receipt, console)
    receipt = _kept(run, receipt | _standing(host, slug, console))
    console.say(_line(run, receipt))
    return receipt


def _sent_before(
    run: Run, host: hosts.Host, slug: str, digest: str, *, again: bool, console: Console
) -> dict[str, Any] | None:
    """The receipt of the same content, where it is not to be sent another time."""
    known = run.receipt
    if known is not None and known["sha256"] == digest:
        if known["status"] == "pending":
            console.say(f"This very file was submitted before ({known['date']}) and is pending.")
            return dict(known)
        if known["status"] == "complete" and not again:
            console.say(_not_again(known["date"]))
            return dict(known)
    sent = None if again else host.sent_before(slug, digest)
    if sent is None:
        return None
    console.say(_not_again(sent.date))
    return _kept(run, _shown(host, sent))


def _not_again(date: str) -> str:
    return f"This very file was submitted before ({date}); it is not sent again."


def _description(run: Run) -> str:
    metric = metrics.of(run.task)
    return f"{run.name}: out-of-fold {metric.title} {run.score:.4f}"


def _waited_for(
    run: Run, host: hosts.Host, slug: str, receipt: dict[str, Any], console: Console
) -> dict[str, Any]:
    """The receipt once the host has graded the submission.

    Raises:
        SubmissionError: it was refused then; the receipt says so.
    """
    names = hosts.Submission.__dataclass_fields__
    pending = hosts.Submission(**{name: receipt[name] for name in names})
    graded = _kept(run, receipt | _shown(host, host.wait(slug, pending, console)))
    if graded["status"] == "error":
        reason = graded["error"] or "it gives no reason"
        raise SubmissionError(f"{run.submission} was refused by {slug!r}: {reason}")
    return graded


def _kept(run: Run, receipt: dict[str, Any]) -> dict[str, Any]:
    workdir.write_json(run.path / "receipt.json", receipt)
    return receipt


def _shown(host: hosts.Host, sent: hosts.Submission) -> dict[str, Any]:
    """What a submission's answer shows; a practice host knows the private score at once."""
    hidden = {"private_score": None} if isinstance(host, hosts.EmbeddedHost) else {}
    return {"host": host.name, **vars(sent), **hidden}


def _standing(host: hosts.Host, slug: str, console: Console) -> dict[str, Any]:
    """Where the team's best score stands; nothing where the leaderboard cannot be had now."""
    try:
        standings = host.standings(slug)
    except HostError as error:
        console.say(f"Note: {error}")
        standings = []
    mine = next((row for row in standings if row.team == hosts.TEAM), None)
    return {
        "rank": mine.rank if mine else None,
        "best_public_score": mine.score if mine else None,
        "teams": len(standings),
        "percentile": 100 * mine.rank / len(standings) if mine else None,
    }


def _line(run: Run, receipt: dict[str, Any]) -> str:
    metric = metrics.of(run.task)
    best, score = receipt["best_public_score"], receipt["public_score"]
    if receipt["rank"] is None:
        rank = "not on the leaderboard yet"
    else:
        rank = f"rank {receipt['rank']} of {receipt['teams']}"
        if receipt["teams"] >= 20:
            rank += f" (top {receipt['percentile']:.1f} %)"
    if best is not None and score is not None and metric.better(best, score):
        rank = f"your best {best:.4f} has {rank}"
    shown = "not shown" if score is None else f"{score:.4f}"
    return (
        f"Leaderboard of {run.task.slug}: public {metric.title} {shown}, "
        f"{rank} (out-of-fold {run.score:.4f})"
    )
