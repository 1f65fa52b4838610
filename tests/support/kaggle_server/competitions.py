"""Competitions: what they are, their limits and their leaderboard."""

import csv
import io
import zipfile
from typing import Any

from .answers import Answer, Refusal
from .faults import RULES
from .state import State, moment, stamp
from .world import Call

DEFAULTS: dict[str, Any] = {
    "title": None,  # its slug if None
    "files": None,  # folder of the public files
    "hidden": None,  # folder that a code competition mounts for the rerun
    "archive": None,  # the zip of all files, made from `files` if None
    "zipped": [],  # names of files that come as a zip when downloaded alone
    "evaluationMetric": "",
    "category": "Playground",
    "reward": "Knowledge",
    "maxDailySubmissions": 5,
    "maxTeamSize": 5,
    "maxTotalSubmissions": None,
    "deadline": "2099-01-01T00:00:00Z",
    "takesLate": False,  # submissions after the deadline
    "isKernelsSubmissionsOnly": False,
    "submissionsDisabled": False,
    "internetAllowed": False,  # in kernels that are submitted
    "rerunSeconds": 9 * 3600,
    "userHasEntered": True,
    "rulesAccepted": True,
    "maximize": True,
    "teams": [],  # of others: {"teamName", "score", "private", "submissionDate"}
    # what scores: `grading` says how
    "grader": None,
    "arguments": None,
    "answers": None,
    "metric": None,
    "public": 0.3,
}


def find(state: State, slug: str) -> dict[str, Any]:
    """A competition by its slug.

    Raises:
        Refusal: there is none.
    """
    with state.lock:
        if slug not in state.data["competitions"]:
            raise Refusal(404, "Not Found")
        return dict(state.data["competitions"][slug])


def entered(call: Call) -> dict[str, Any]:
    """The competition of a call, its rules accepted.

    Raises:
        Refusal: there is none, or they are not.
    """
    competition = find(call.state, call.body.get("competitionName", ""))
    if not competition["rulesAccepted"]:
        raise Refusal(403, RULES)
    return competition


def own(state: State, slug: str) -> list[dict[str, Any]]:
    """The account's submissions to a competition, oldest first."""
    with state.lock:
        every = state.data["submissions"].values()
        return [dict(entry) for entry in every if entry["competition"] == slug]


def over(state: State, competition: dict[str, Any]) -> bool:
    """Its deadline has passed."""
    return moment(competition["deadline"]) < state.now()


def limits(state: State, competition: dict[str, Any]) -> dict[str, Any]:
    """Submissions of this UTC day and in all, and how many more are allowed now."""
    counted = [
        entry
        for entry in own(state, competition["slug"])
        if entry["status"] != "ERROR" or state.setting("errors_count")
    ]
    today = sum(moment(entry["date"]).date() == state.now().date() for entry in counted)
    allowed = max(0, competition["maxDailySubmissions"] - today)
    total = competition["maxTotalSubmissions"]
    by_total = total is not None and total - len(counted) < allowed
    return {
        "numToday": today,
        "numTotal": len(counted),
        "numAllowedNow": max(0, total - len(counted)) if by_total else allowed,
        "limitedByTotal": by_total,
    }


def ranking(state: State, competition: dict[str, Any]) -> list[dict[str, Any]]:
    """Teams from the best to the worst: on the private rows once the competition is over."""
    which = "private" if over(state, competition) else "public"
    sign = -1 if competition["maximize"] else 1
    rows = [
        {
            "teamId": number,
            "teamName": team["teamName"],
            "submissionDate": team.get("submissionDate", "2026-01-01T00:00:00Z"),
            "score": team.get("private", team["score"]) if which == "private" else team["score"],
        }
        for number, team in enumerate(competition["teams"], start=1)
    ]
    scored = [e for e in own(state, competition["slug"]) if e["status"] == "COMPLETE"]
    if scored:
        best = min(scored, key=lambda entry: sign * entry["public"])
        name = state.data["account"]["username"]
        rows.append(
            {
                "teamId": 9000,
                "teamName": name,
                "submissionDate": best["date"],
                "score": best[which],
            }
        )
    rows.sort(key=lambda row: sign * row["score"])
    return [{**row, "score": f"{row['score']:.5f}"} for row in rows]


def shown(state: State, competition: dict[str, Any]) -> dict[str, Any]:
    """An `ApiCompetition`."""
    slug = competition["slug"]
    url = f"https://www.kaggle.com/competitions/{slug}"
    ranked = ranking(state, competition)
    names = [row["teamName"] for row in ranked]
    name = state.data["account"]["username"]
    same = ("evaluationMetric", "category", "reward", "maxDailySubmissions", "maxTeamSize")
    flags = ("isKernelsSubmissionsOnly", "submissionsDisabled", "userHasEntered")
    return {
        "id": competition["id"],
        "ref": url,
        "url": url,
        "title": competition["title"] or slug,
        "description": f"{slug}, as this server holds it.",
        "deadline": stamp(moment(competition["deadline"])),
        "teamCount": len(ranked),
        **({"userRank": names.index(name) + 1} if name in names else {}),
        **{field: competition[field] for field in (*same, *flags)},
    }


def get_competition(call: Call) -> dict[str, Any]:
    """`GetCompetition`, which needs no rules accepted."""
    return shown(call.state, find(call.state, call.body.get("competitionName", "")))


def list_competitions(call: Call) -> dict[str, Any]:
    """`ListCompetitions`, by search and group."""
    with call.state.lock:
        every = [dict(each) for each in call.state.data["competitions"].values()]
    words = call.body.get("search", "").lower()
    only = call.body.get("group") == "COMPETITION_LIST_TAB_ENTERED"
    found = [
        each
        for each in every
        if words in f"{each['slug']} {each['title'] or ''}".lower()
        and (each["userHasEntered"] or not only)
    ]
    page, following = call.page(found)
    return {
        "competitions": [shown(call.state, each) for each in page],
        "nextPageToken": following,
    }


def get_leaderboard(call: Call) -> dict[str, Any]:
    """`GetLeaderboard`."""
    competition = find(call.state, call.body.get("competitionName", ""))
    page, following = call.page(ranking(call.state, competition))
    return {"submissions": page, "nextPageToken": following}


def download_leaderboard(call: Call) -> Answer:
    """`DownloadLeaderboard`: a zip with a CSV."""
    competition = find(call.state, call.body.get("competitionName", ""))
    text, packed = io.StringIO(), io.BytesIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(["Rank", "TeamId", "TeamName", "LastSubmissionDate", "Score"])
    for rank, row in enumerate(ranking(call.state, competition), start=1):
        write([rank, row["teamId"], row["teamName"], row["submissionDate"], row["score"]])
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(f"{competition['slug']}-publicleaderboard.csv", text.getvalue())
    return Answer(200, packed.getvalue(), {"Content-Type": "application/zip"})
