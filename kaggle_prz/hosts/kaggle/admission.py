"""Whether Kaggle will take a submission, asked before hours are spent on training one."""

import time
from typing import Any

import requests

from kaggle_prz.console import Console
from kaggle_prz.errors import (
    CredentialsError,
    HostError,
    LimitReachedError,
    RulesNotAcceptedError,
    SubmissionError,
)
from kaggle_prz.hosts.kaggle import client, facts, sent
from kaggle_prz.hosts.kaggle.door import Door
from kaggle_prz.hosts.kaggle.facts import Facts
from kaggle_prz.hosts.kaggle.failures import kind_of

_METHODS = (
    "ListSubmissions",
    "GetSubmissionLimits",
    "StartSubmissionUpload",
    "CreateSubmission",
    "CreateCodeSubmission",
    "GetSubmission",
    "GetLeaderboard",
    "DownloadLeaderboard",
)
_FILE, _BYTES = "submission.csv", 1000  # of a file that is announced, and never sent


def check(door: Door, slug: str, console: Console) -> None:
    """Refuse what Kaggle would certainly not take when the training is over.

    Nothing is submitted and nothing is uploaded. What may be otherwise by then is a note: a day's
    limit, and a Kaggle that cannot be reached now.

    Args:
        door: to Kaggle.
        slug: the competition.
        console: gets notes.

    Raises:
        SubmissionError: it takes no submissions, no more of this team, or no late ones.
        ClientError: Kaggle's client cannot be used.
        CredentialsError, RulesNotAcceptedError: Kaggle refuses this account.
        CompetitionNotFoundError: it knows no such competition.
    """
    client.check()
    door.check_client(_METHODS)
    try:
        _ask(door, slug, console)
    except (client.ClientError, CredentialsError, RulesNotAcceptedError):
        raise
    except HostError as error:
        console.say(
            f"Note: whether {slug!r} takes a submission could not be asked: {error} It is asked "
            "again when the run is trained."
        )


def _ask(door: Door, slug: str, console: Console) -> None:
    about = facts.get(slug, door, fresh=True)
    if about.disabled:
        raise SubmissionError(f"{slug!r} takes no submissions at the moment, says Kaggle.")
    try:
        sent.check_limit(door, slug, about.daily_limit)
    except LimitReachedError as error:
        console.say(f"Note: {error}")
    else:
        if about.has_ended:
            _ask_for_a_late_one(door, about, console)


def _ask_for_a_late_one(door: Door, about: Facts, console: Console) -> None:
    """Find out whether a submission after the deadline is taken, by announcing a file."""
    ended = f"{about.slug!r} ended on {about.deadline[:10]}"
    if about.kernels_only:
        console.say(
            f"Note: {ended}. Whether Kaggle takes a late submission of a kernel shows when it is "
            "made; it would not be ranked."
        )
        return

    def announce() -> dict[str, Any]:
        return door.once(
            "StartSubmissionUpload",
            competition_name=about.slug,
            file_name=_FILE,
            content_length=_BYTES,
            last_modified_epoch_seconds=int(time.time()),
        )

    try:
        door.patience.call(announce, door.console)
    except requests.RequestException as error:
        raw = error
    else:
        console.say(f"Note: {ended}. Kaggle takes a late submission, scores it, and ranks none.")
        return
    # Outside of the handler: what failed holds a request, and that a credential.
    if kind_of(raw) != "refused":
        raise door.failure(raw, "Asking for a late submission to", about.slug)
    raise SubmissionError(f"{ended}, and Kaggle takes no late submission to it.")
