"""A file -> one submission: looked up first, uploaded, created, and never created twice.

The ledger is written before Kaggle is asked to create anything. Whoever finds an entry that was
asked for and has no number looks among Kaggle's submissions for its tag before asking again.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from kaggle_prz.errors import HostError, PrzError, SubmissionError
from kaggle_prz.hosts.kaggle import facts, ledger, patience, places, sent
from kaggle_prz.hosts.kaggle.door import Door
from kaggle_prz.hosts.kaggle.failures import kind_of
from kaggle_prz.hosts.kaggle.ledger import Entry
from kaggle_prz.hosts.kaggle.uploading import upload
from kaggle_prz.offline.competition import Submission
from kaggle_prz.workdir import exclusive, sha256

_WHAT = "Submitting to"
_TRIES = 4
_LOOKS = 4  # at Kaggle's list, before a submission without an answer is taken for not made
_CERTAIN = {"credentials", "forbidden", "unknown", "limited", "refused"}  # answers: not created


def submit(
    door: Door, slug: str, csv: Path, description: str, *, again: bool = False
) -> Submission:
    """Hand in a file, unless the same content was handed in before.

    Args:
        door: to Kaggle.
        slug: the competition.
        csv: the file, validated.
        description: what it is to be called; a short tag of its content is added.
        again: hand in the same content another time.

    Returns:
        The submission, most likely pending; or the one of before.

    Raises:
        SubmissionError: the competition takes no such submission, or the day's are used up.
        HostError: and its children; the next call finds out what came of it.
    """
    digest = sha256(csv)
    with exclusive(places.state(slug) / ".submit.lock"):
        found = sent.of_content(door, slug, digest)
        begun = next((e for e in ledger.read(slug) if e.sha256 == digest and not e.ref), None)
        if begun is not None and begun.asked:
            before = found.get(begun.attempt) or _look(door, slug, begun)
            if before is not None:
                ledger.put(slug, replace(begun, ref=before.ref, token=""))
                return before
        if not again and (before := sent.that_counts(found)) is not None:
            return before
        _check(door, slug)
        attempts = [*found, *(e.attempt for e in ledger.read(slug) if e.sha256 == digest and e.ref)]
        entry = begun or Entry(digest, max(attempts, default=0) + 1)
        return _Creation(door, slug, csv, ledger.tagged(description, entry), entry).run()


def _check(door: Door, slug: str) -> None:
    about = facts.get(slug, door, fresh=True)
    if about.kernels_only:
        raise SubmissionError(
            f"{slug!r} is a code competition: it takes no files, only the output of a kernel. "
            "Submit this run with: kaggle-prz kernel push RUN --submit"
        )
    if about.disabled:
        raise SubmissionError(f"{slug!r} takes no submissions at the moment, says Kaggle.")
    sent.check_limit(door, slug, about.daily_limit)


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
            self._put(asked=True)
            answer = self._asked()
            # Outside of the handler: what failed holds a request, and that a credential.
            made = self._made(answer) if isinstance(answer, dict) else self._after(answer)
            if made is not None:
                return made
        raise HostError(
            f"Submitting to {self.slug!r} failed: Kaggle did not answer {_TRIES} times, and none "
            "of its submissions is this one. The file is uploaded; run the same command again: it "
            "looks for the submission before it makes one."
        )

    def _asked(self) -> dict[str, Any] | requests.RequestException:
        try:
            return self.door.once(
                "CreateSubmission",
                competition_name=self.slug,
                blob_file_tokens=self.entry.token,
                submission_description=self.description,
            )
        except requests.RequestException as error:
            return error

    def _upload(self) -> None:
        token = upload(self.door, self.slug, self.csv)
        begun = datetime.now(UTC).isoformat(timespec="seconds")
        self._put(token=token, begun=begun, asked=False)
        self._uploaded = True

    def _put(self, **changes: Any) -> None:
        self.entry = replace(self.entry, **changes)
        ledger.put(self.slug, self.entry)

    def _made(self, answer: dict[str, Any]) -> Submission | None:
        ref = facts.whole(answer.get("ref"))
        if ref:
            self._put(ref=ref, token="")
            date = datetime.now(UTC).isoformat(timespec="seconds")
            row = {"date": date, "description": self.description, "fileName": self.csv.name}
            return sent.value({**row, "ref": ref}, self.entry.sha256, ())
        found = _look(self.door, self.slug, self.entry)
        if found is not None:
            self._put(ref=found.ref, token="")
            return found
        ledger.drop(self.slug, self.entry)
        said = str(answer.get("message") or "it says nothing more")
        raise SubmissionError(f"Kaggle did not take the submission to {self.slug!r}: {said}")

    def _after(self, error: requests.RequestException) -> Submission | None:
        """What came of a request without a good answer; None where to ask once more.

        Raises:
            SubmissionError: Kaggle refused the submission.
            HostError: and its children, when asking again would not help.
        """
        kind = kind_of(error)
        if kind in _CERTAIN:
            self._put(asked=False)
            if kind == "limited" and self.door.patience.is_worth_it(error):
                patience.pause(self.door.patience.wait(1, error))
                return None
            if kind == "refused" and not self._uploaded:
                self._upload()  # what an earlier process uploaded may be too old by now
                return None
            ledger.drop(self.slug, self.entry)
            failure = self.door.failure(error, _WHAT, self.slug)
            raise SubmissionError(str(failure)) if kind == "refused" else failure
        found = _look(self.door, self.slug, self.entry)
        if found is not None:
            self._put(ref=found.ref, token="")
        return found


def _look(door: Door, slug: str, entry: Entry) -> Submission | None:
    """The submission of an entry among Kaggle's, which may show it a little late.

    Raises:
        HostError: it cannot be found out now.
    """
    for tries in range(1, _LOOKS + 1):
        try:
            found = sent.of_content(door, slug, entry.sha256).get(entry.attempt)
        except PrzError as error:
            raise HostError(
                f"Kaggle was asked to take the submission to {slug!r}, but did not answer whether "
                f"it did. {error} Then it is looked for before anything is sent again."
            ) from None
        if found is not None:
            return found
        if tries < _LOOKS:
            patience.pause(door.patience.wait(tries + 1))
    return None
