"""A run's submission -> its host, once: validated, looked up first, answered with a receipt."""

import glob
from dataclasses import fields, replace
from pathlib import Path

from kaggle_prz import competitions, metrics, submission
from kaggle_prz.commands.kernel import pushing
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import HostError, RunError, SubmissionError
from kaggle_prz.runs import records
from kaggle_prz.runs.records import Receipt
from kaggle_prz.runs.run import Run


def submit(
    run: Run, *, message: str = "", again: bool = False, console: Console | None = None
) -> Receipt:
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
        The receipt, with `status`, `public_score`, `rank`, `teams`, `percentile`, …; a dictionary
        of the same names is its `to_json()`.

    Raises:
        SubmissionError: the file would be refused, was refused, or the day's limit is reached.
        RunError: the run has no submission yet.
        HostError: and its children: the host does not answer; the next call finds out what came
            of it, and sends nothing twice.
    """
    if not run.submission.is_file():
        raise RunError(
            f"{run.path} has no submission.csv. Run the fit command again, which writes it."
        )
    return send(
        run, competitions.find(run.competition), message=message, again=again, console=console
    )


def send(
    run: Run,
    source: competitions.Source,
    *,
    message: str = "",
    again: bool = False,
    console: Console | None = None,
) -> Receipt:
    """Submit a run with a submission to a competition that is found already; see `submit`."""
    console = console or Silent()
    with filesystem.locked(run.path):
        submission.validate(run.submission, run.task)
        digest = filesystem.sha256(run.submission)
        if run.blend.submission_sha256 not in {None, digest}:
            console.say(
                "Note: submission.csv was changed after the run wrote it, so the out-of-fold score "
                "does not apply to it. Run the fit command again to restore the file."
            )
        receipt = _sent_before(run, source, digest, again=again, console=console)
        if receipt is None:
            metric = metrics.of(run.task)
            described = message or f"{run.name}: out-of-fold {metric.title} {run.score:.4f}"
            board = source.leaderboard
            sent = board.submit(run.submission, described, again=again, console=console)
            receipt = _kept(run, source, sent)
        if receipt.status == "pending":
            receipt = _graded(run, source, receipt, console)
        return _ranked(run, receipt, source, console)


def deliver(run: Run, *, message: str = "", console: Console | None = None) -> Receipt:
    """Send a run's submission as its competition takes it: a file, or a kernel that makes it."""
    return deliver_to(competitions.find(run.competition), run, message, console or Silent())


def deliver_to(source: competitions.Source, run: Run, message: str, console: Console) -> Receipt:
    """Send a run's submission to a competition that is found already; see `deliver`."""
    if not source.about.kernels_only:
        return send(run, source, message=message, console=console)
    digest, known = filesystem.sha256(run.submission), run.receipt
    if known and (known.sha256, known.status) == (digest, "complete"):
        console.say(_not_again(known.date, run))
        return known
    graded = pushing.push(run.path, submit=True, message=message, console=console).submission
    if graded is None:
        raise RunError(f"The kernel of {run.path} was pushed, but nothing was submitted.")
    receipt = _kept(run, source, replace(graded, sha256=digest))
    return _ranked(run, receipt, source, console)


def may_be_sent(source: competitions.Source, output_dir: Path, run: str | None) -> bool:
    """Return whether an earlier process may have sent a run: it has a submission."""
    name = "*" if run is None else glob.escape(run)
    return any((output_dir / source.slug).glob(f"{name}/submission.csv"))


def check(source: competitions.Source, console: Console | None = None) -> None:
    """Refuse to submit where nobody would take it, before anything is trained."""
    try:
        source.leaderboard.check_open(console)
    except SubmissionError as error:
        raise SubmissionError(f"{error} To train anyway, run fit without --submit.") from None


def _sent_before(
    run: Run, source: competitions.Source, digest: str, *, again: bool, console: Console
) -> Receipt | None:
    """Return the receipt of the same content, or None where it is to be sent."""
    known = run.receipt
    if known is not None and known.sha256 == digest:
        if known.status == "pending":
            console.say(f"The same file was submitted before ({known.date}); its score is pending.")
            return known
        if known.status == "complete" and not again:
            console.say(_not_again(known.date, run))
            return known
    sent = None if again else source.leaderboard.sent_before(digest)
    if sent is None:
        return None
    console.say(_not_again(sent.date, run))
    return _kept(run, source, sent)


def _not_again(date: str, run: Run) -> str:
    return (
        f"The same file was submitted before ({date}); it is not sent again. To send it again, "
        f"run: kaggle-prz submit {run.path} --again"
    )


def _graded(run: Run, source: competitions.Source, receipt: Receipt, console: Console) -> Receipt:
    """Return the receipt once the host has graded the submission."""
    names = (field.name for field in fields(competitions.Submission))
    pending = competitions.Submission(**{name: getattr(receipt, name) for name in names})
    graded = _kept(run, source, source.leaderboard.wait(pending, console))
    if graded.status == "error":
        raise SubmissionError(
            f"{run.submission} was refused by {source.slug!r}: "
            f"{graded.error or 'it gives no reason'}"
        )
    return graded


def _kept(run: Run, source: competitions.Source, sent: competitions.Submission) -> Receipt:
    """Write the receipt of a submission; a score that is hidden stays so."""
    hidden = {"private_score": None} if source.leaderboard.hides_private else {}
    receipt = Receipt(**{"host": source.host, **vars(sent), **hidden})
    records.write(run.path / "receipt.json", receipt)
    return receipt


def _ranked(run: Run, receipt: Receipt, source: competitions.Source, console: Console) -> Receipt:
    """Add the team's rank to a receipt, where the leaderboard can be had now, and say both."""
    try:
        standings = source.leaderboard.standings()
    except HostError as error:
        console.say(f"Note: {error}")
        standings = []
    mine = next((row for row in standings if row.team == competitions.TEAM), None)
    receipt = receipt.model_copy(
        update={
            "rank": mine.rank if mine else None,
            "best_public_score": mine.score if mine else None,
            "teams": len(standings),
            "percentile": 100 * mine.rank / len(standings) if mine else None,
        }
    )
    records.write(run.path / "receipt.json", receipt)
    console.say(_line(run, receipt))
    return receipt


def _line(run: Run, receipt: Receipt) -> str:
    metric = metrics.of(run.task)
    best, score = receipt.best_public_score, receipt.public_score
    rank = "not on the leaderboard yet"
    if receipt.rank is not None:
        rank = f"rank {receipt.rank} of {receipt.teams}"
        if receipt.percentile is not None and (receipt.teams or 0) >= 20:
            rank += f" (top {receipt.percentile:.1f} %)"
    if best is not None and score is not None and metric.better(best, score):
        rank = f"your best {best:.4f} has {rank}"
    shown = "not shown" if score is None else f"{score:.4f}"
    return (
        f"Leaderboard of {run.task.slug}: public {metric.title} {shown}, "
        f"{rank} (out-of-fold {run.score:.4f})"
    )
