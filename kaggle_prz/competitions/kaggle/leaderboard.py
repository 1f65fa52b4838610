"""Kaggle's leaderboard: who has which rank, and which row is the account's own team."""

import csv
import io
import zipfile
from dataclasses import replace

from kaggle_prz.competitions.competition import Standing
from kaggle_prz.competitions.embedded.leaderboard import TEAM
from kaggle_prz.competitions.kaggle import metadata, submissions
from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.failures import Answer, UnreadableAnswerError
from kaggle_prz.core.errors import HostError, RulesNotAcceptedError, SubmissionError

_WHAT = "Reading the leaderboard of"


def standings(door: Door, slug: str, private: bool = False) -> list[Standing]:
    """Return the leaderboard, the best first; the own team is called `TEAM`.

    The public one of many teams comes as one file, not page by page.
    """
    if private and not metadata.get(slug, door).has_ended:
        raise SubmissionError(
            f"The private leaderboard of {slug!r} is hidden until the competition is over. Show "
            "the public one without --private."
        )
    own = _own_team(door, slug)
    pages = door.pages(
        "GetLeaderboard", _WHAT, slug, competition_name=slug, override_public=not private
    )
    first = next(pages)
    rows = first.get("submissions") or []
    if first.get("nextPageToken") and not private:
        rows = _downloaded(door, slug)
    else:
        rows += [row for page in pages for row in page.get("submissions") or []]
    ranked = (_standing(rank, row) for rank, row in enumerate(rows, start=1))
    return _with_own([row for row in ranked if row is not None], own, door, slug)


def _downloaded(door: Door, slug: str) -> list[Answer]:
    def fetch() -> list[Answer]:
        content = door.http.content("competitions", "DownloadLeaderboard", competition_name=slug)
        try:
            return _rows_of(content)
        except (zipfile.BadZipFile, UnicodeDecodeError, csv.Error, StopIteration, EOFError):
            raise UnreadableAnswerError("not a leaderboard") from None

    return door.patiently(fetch, _WHAT, slug)


def _rows_of(content: bytes) -> list[Answer]:
    """Return rows of the CSV in a zip, with the keys that pages of the leaderboard have."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        name = next(name for name in opened.namelist() if name.lower().endswith(".csv"))
        text = opened.read(name).decode("utf-8-sig")
    keys = {"LastSubmissionDate": "submissionDate", "SubmissionCount": "entries"}
    return [
        {keys.get(key, key[:1].lower() + key[1:]): cell for key, cell in row.items() if key}
        for row in csv.DictReader(io.StringIO(text))
    ]


def _standing(rank: int, row: Answer) -> Standing | None:
    score = metadata.score(row.get("score"))
    if score is None:
        return None
    return Standing(
        rank=metadata.whole(row.get("rank")) or rank,
        team=str(row.get("teamName") or ""),
        score=score,
        entries=metadata.whole(row.get("entries")),
        date=metadata.moment(row.get("submissionDate")),
    )


def _own_team(door: Door, slug: str) -> str:
    """Return the name of the account's team; empty where it has none here."""
    try:
        names = (str(row.get("teamName") or "") for row in submissions.rows(door, slug))
        return next(filter(None, names), "")
    except RulesNotAcceptedError:
        return ""


def _with_own(rows: list[Standing], own: str, door: Door, slug: str) -> list[Standing]:
    mine = [row.rank for row in rows if own and row.team == own]
    if len(mine) > 1:  # names need not be unique
        try:
            answer = door.ask("GetCompetition", _WHAT, slug, competition_name=slug)
        except HostError:
            answer = {}
        mine = [rank for rank in mine if rank == metadata.whole(answer.get("userRank"))]
    return [
        replace(row, team=TEAM) if row.rank in mine and row.team == own else row for row in rows
    ]
