"""A file -> one submission: looked up first, uploaded, created, and never created twice.

Whether Kaggle will take one is asked before hours are spent on training. The ledger is written
before Kaggle is asked to create anything. Whoever finds an entry that was asked for and has no
number looks among Kaggle's submissions for its tag before asking again.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import requests

from kaggle_prz.competitions.competition import Submission
from kaggle_prz.competitions.kaggle import metadata, paths, retry, submissions
from kaggle_prz.competitions.kaggle.client import ClientError, Door
from kaggle_prz.competitions.kaggle.failures import Answer, kind_of
from kaggle_prz.competitions.kaggle.metadata import Facts
from kaggle_prz.competitions.kaggle.submissions import Entry
from kaggle_prz.competitions.kaggle.submissions.uploading import announced, upload
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import (
    CredentialsError,
    HostError,
    LimitReachedError,
    PrzError,
    RulesNotAcceptedError,
    SubmissionError,
)
from kaggle_prz.core.filesystem import exclusive, sha256

_TRIES = 4
_LOOKS = 4  # at Kaggle's list, before a submission without an answer is taken for not made
_CERTAIN = {"credentials", "forbidden", "unknown", "limited", "refused"}  # answers: not created
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
    limit, and a Kaggle that cannot be reached now. An account or a client that cannot submit is
    refused.
    """
    door.check_client(_METHODS)
    try:
        about = submissions.open_facts(door, slug)
        try:
            submissions.check_limit(door, slug, about.daily_limit)
        except LimitReachedError as error:
            console.say(f"Note: {error}")
        else:
            if about.has_ended:
                _ask_for_a_late_one(door, about, console)
    except (ClientError, CredentialsError, RulesNotAcceptedError):
        raise
    except HostError as error:
        console.say(
            f"Note: Kaggle could not be asked whether {slug!r} takes a submission: {error} It is "
            "asked again after training."
        )


def _ask_for_a_late_one(door: Door, about: Facts, console: Console) -> None:
    """Find out whether a submission after the deadline is taken, by announcing a file."""
    ended = f"{about.slug!r} ended on {about.deadline[:10]}"
    if about.kernels_only:
        console.say(
            f"Note: {ended}. Kaggle decides only after submission whether it takes a late "
            "submission of a kernel; such a submission is not ranked."
        )
        return
    answer = door.tried(
        lambda: door.patience.call(
            lambda: announced(door, about.slug, _FILE, _BYTES, int(time.time())), door.console
        )
    )
    if isinstance(answer, dict):
        console.say(f"Note: {ended}. Kaggle scores a late submission, but does not rank it.")
    elif kind_of(answer) == "refused":
        raise SubmissionError(f"{ended}, and Kaggle takes no late submissions to it.")
    else:
        raise door.failure(answer, "Asking for a late submission to", about.slug)


def submit(
    door: Door, slug: str, csv: Path, description: str, *, again: bool = False
) -> Submission:
    """Hand in a file, unless the same content was handed in before and not `again`.

    A short tag of its content is added to the description. The submission is most likely pending,
    or it is the one of before. After an error the next call finds out what came of it.
    """
    digest = sha256(csv)
    with exclusive(paths.state(slug) / ".submit.lock"):
        found = submissions.of_content(door, slug, digest)
        ours = [entry for entry in submissions.entries(slug) if entry.sha256 == digest]
        unfinished = next((entry for entry in ours if not entry.ref), None)
        if unfinished is not None and unfinished.asked:
            before = found.get(unfinished.attempt) or _look(door, slug, unfinished)
            if before is not None:
                submissions.put(slug, replace(unfinished, ref=before.ref, token=""))
                return before
        if not again and (before := submissions.that_counts(found)) is not None:
            return before
        about = submissions.open_facts(door, slug)
        if about.kernels_only:
            raise SubmissionError(
                f"{slug!r} is a code competition: it takes the output of a kernel, not a file. "
                "Submit this run with: kaggle-prz kernel push RUN --submit"
            )
        submissions.check_limit(door, slug, about.daily_limit)
        attempts = [*found, *(entry.attempt for entry in ours if entry.ref)]
        entry = unfinished or Entry(digest, max(attempts, default=0) + 1)
        return _Creation(door, slug, csv, submissions.tagged(description, entry), entry).run()


@dataclass
class _Creation:
    door: Door
    slug: str
    csv: Path
    description: str
    entry: Entry
    _uploaded: bool = False

    def run(self) -> Submission:
        if not self.entry.token:
            self._upload()
        for _ in range(_TRIES):
            self._put(replace(self.entry, asked=True))
            answer = self.door.tried(self._created)
            made = self._made(answer) if isinstance(answer, dict) else self._after(answer)
            if made is not None:
                return made
        raise HostError(
            f"Submitting to {self.slug!r} failed: Kaggle did not answer {_TRIES} times, and the "
            "list of submissions does not contain this one. The file is uploaded. Run the same "
            "command again: it looks for the submission before it sends one."
        )

    def _created(self) -> Answer:
        return self.door.once(
            "CreateSubmission",
            competition_name=self.slug,
            blob_file_tokens=self.entry.token,
            submission_description=self.description,
        )

    def _upload(self) -> None:
        token = upload(self.door, self.slug, self.csv)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        self._put(replace(self.entry, token=token, started=started, asked=False))
        self._uploaded = True

    def _put(self, entry: Entry) -> None:
        self.entry = entry
        submissions.put(self.slug, entry)

    def _looked_up(self) -> Submission | None:
        """Return the submission from Kaggle's list, and keep its number in the ledger."""
        found = _look(self.door, self.slug, self.entry)
        if found is not None:
            self._put(replace(self.entry, ref=found.ref, token=""))
        return found

    def _made(self, answer: Answer) -> Submission | None:
        ref = metadata.whole(answer.get("ref"))
        if ref:
            self._put(replace(self.entry, ref=ref, token=""))
            date = datetime.now(UTC).isoformat(timespec="seconds")
            row = {"date": date, "description": self.description, "fileName": self.csv.name}
            return submissions.value({**row, "ref": ref}, self.entry.sha256, ())
        found = self._looked_up()
        if found is not None:
            return found
        submissions.drop(self.slug, self.entry)
        raise submissions.not_taken(self.slug, answer)

    def _after(self, error: requests.RequestException) -> Submission | None:
        """Return what came of a request without a good answer; None where to ask once more."""
        kind = kind_of(error)
        if kind in _CERTAIN:
            self._put(replace(self.entry, asked=False))
            if kind == "limited" and self.door.patience.is_worth_it(error):
                retry.pause(self.door.patience.wait(1, error))
                return None
            if kind == "refused" and not self._uploaded:
                self._upload()  # what an earlier process uploaded may be too old by now
                return None
            submissions.drop(self.slug, self.entry)
            raise self.door.refusal(error, "Submitting to", self.slug)
        return self._looked_up()


def _look(door: Door, slug: str, entry: Entry) -> Submission | None:
    """Return the submission of an entry from Kaggle's list, which may show it a little late."""
    for tries in range(1, _LOOKS + 1):
        try:
            found = submissions.of_content(door, slug, entry.sha256).get(entry.attempt)
        except PrzError as error:
            raise HostError(
                f"Kaggle did not confirm the submission to {slug!r}. {error} Before it is sent "
                "again, it is looked for in Kaggle's list."
            ) from None
        if found is not None:
            return found
        if tries < _LOOKS:
            retry.pause(door.patience.wait(tries + 1))
    return None
