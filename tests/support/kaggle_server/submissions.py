"""Submissions: upload, limits, and a score after a while."""

import shutil
import traceback
from pathlib import Path
from typing import Any

from . import grading, uploads
from .answers import Answer, Refusal, redirect
from .competitions import entered, find, limits, over, own
from .downloads import signed
from .state import State, stamp
from .world import Call, World


def accepting(call: Call) -> dict[str, Any]:
    """The competition of a call, if it takes one more submission."""
    competition = entered(call)
    if competition["submissionsDisabled"]:
        raise Refusal(400, "Submissions are disabled for this competition.")
    if over(call.state, competition) and not competition["takesLate"]:
        raise Refusal(400, "The deadline of this competition has passed.")
    left = limits(call.state, competition)
    if not left["numAllowedNow"]:
        raise Refusal(
            400,
            f"You have used your {left['numToday']} submissions of today; "
            "your limit resets at midnight UTC.",
        )
    return competition


def _takes_files(competition: dict[str, Any]) -> None:
    if competition["isKernelsSubmissionsOnly"]:
        raise Refusal(400, "This competition only accepts Submissions from Notebooks.")


def start_submission_upload(call: Call) -> dict[str, str]:
    """`StartSubmissionUpload`."""
    _takes_files(accepting(call))
    return uploads.begin(call, call.body.get("fileName", ""))


def create_submission(call: Call) -> dict[str, Any]:
    """`CreateSubmission`: of an uploaded file."""
    with call.state.lock:  # the limit holds for calls at the same time
        competition = accepting(call)
        _takes_files(competition)
        name, blob = uploads.complete(call.state, call.body.get("blobFileTokens", ""))
        ref = record(call, competition, name)
    held = kept(call.state, ref, name)
    shutil.copyfile(blob, held)
    with call.state.change() as data:
        data["submissions"][str(ref)]["totalBytes"] = held.stat().st_size
    later(call.world, ref)
    return {"message": f"Successfully submitted to {_title(competition)}", "ref": ref}


def _title(competition: dict[str, Any]) -> str:
    return str(competition["title"] or competition["slug"])


def record(
    call: Call, competition: dict[str, Any], name: str, kernel: dict[str, Any] | None = None
) -> int:
    """Write a pending submission down; returns its number."""
    ref = call.state.number()
    entry = {
        "ref": ref,
        "competition": competition["slug"],
        "date": stamp(call.state.now()),
        "description": call.body.get("submissionDescription", ""),
        "fileName": name,
        "totalBytes": 0,
        "status": "PENDING",
        "errorDescription": "",
        "public": None,
        "private": None,
        "kernel": kernel,
    }
    with call.state.change() as data:
        data["submissions"][str(ref)] = entry
        data["competitions"][competition["slug"]]["userHasEntered"] = True
    return ref


def kept(state: State, ref: int, name: str) -> Path:
    """Where the file of a submission is."""
    return state.folder("submissions", ref) / Path(name).name


def later(world: World, ref: int) -> None:
    """Score a submission after the delay."""
    world.later(world.state.setting("scoring_seconds"), lambda: score(world.state, ref))


def score(state: State, ref: int) -> None:
    """Score its file: COMPLETE, or ERROR with the reason."""
    with state.lock:
        entry = dict(state.data["submissions"][str(ref)])
    try:
        competition = find(state, entry["competition"])
        public, private = grading.scores(competition, kept(state, ref, entry["fileName"]))
        result = {"status": "COMPLETE", "public": public, "private": private}
    except ValueError as error:
        result = {"status": "ERROR", "errorDescription": str(error)}
    except Exception:
        traceback.print_exc()
        result = {"status": "ERROR", "errorDescription": "Evaluation Exception: grader failed."}
    finish(state, ref, **result)


def finish(state: State, ref: int, **result: Any) -> None:
    """Write down what came of a submission."""
    with state.change() as data:
        data["submissions"][str(ref)] |= result


def shown(state: State, entry: dict[str, Any]) -> dict[str, Any]:
    """An `ApiSubmission`; the private score only when the competition is over."""
    same = ("ref", "totalBytes", "date", "description", "errorDescription", "fileName", "status")
    name = state.data["account"]["username"]
    answer = {field: entry[field] for field in same}
    answer |= {"submittedBy": name, "submittedByRef": name, "teamName": name}
    slug = entry["competition"]
    answer["url"] = f"https://www.kaggle.com/submissions/{entry['ref']}/{entry['ref']}.raw"
    if entry["status"] == "COMPLETE":
        answer["publicScore"] = f"{entry['public']:.5f}"
        if over(state, find(state, slug)):
            answer["privateScore"] = f"{entry['private']:.5f}"
    return answer


def list_submissions(call: Call) -> dict[str, Any]:
    """`ListSubmissions`, newest first."""
    page, following = call.page(reversed(own(call.state, entered(call)["slug"])))
    return {
        "submissions": [shown(call.state, entry) for entry in page],
        "nextPageToken": following,
    }


def _by_ref(call: Call, field: str) -> dict[str, Any]:
    with call.state.lock:
        entry = call.state.data["submissions"].get(str(call.body.get(field)))
    if entry is None:
        raise Refusal(404, "Not Found")
    return dict(entry)


def get_submission(call: Call) -> dict[str, Any]:
    """`GetSubmission`."""
    return shown(call.state, _by_ref(call, "ref"))


def download_submission(call: Call) -> Answer:
    """`DownloadSubmission`."""
    entry = _by_ref(call, "submissionId")
    name = Path(entry["fileName"]).name
    return redirect(signed(call.world, call.host, "submissions", entry["ref"], name))


def get_submission_limits(call: Call) -> dict[str, Any]:
    """`GetSubmissionLimits`."""
    return limits(call.state, entered(call))
