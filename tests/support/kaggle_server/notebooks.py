"""Code submissions: a kernel runs again with the hidden test set, and its output is scored."""

import shutil
from pathlib import Path
from typing import Any

from . import kernels, sessions, submissions
from .answers import Refusal
from .competitions import find
from .world import Call, World


def create_code_submission(call: Call) -> dict[str, Any]:
    """`CreateCodeSubmission`: of an output file of a version that has completed."""
    owner, slug = call.body.get("kernelOwner", ""), call.body.get("kernelSlug", "")
    name, label = call.body.get("fileName", ""), str(call.body.get("kernelVersion") or "")
    with call.state.lock:
        competition = submissions.accepting(call)
        version = kernels.version_of(call.state, owner, slug, label)
        _check(competition, version)
        ref, number = f"{owner}/{slug}", version["number"]
        root = kernels.run_folder(call.state, ref, number) / "kaggle" / "working"
        if not (root / name).is_file():
            raise Refusal(400, f"The output of version {number} has no file {name!r}.")
        kernel = {"ref": ref, "number": number}
        made = submissions.record(call, competition, name, kernel)
    begin(call.world, made)
    title = competition["title"] or competition["slug"]
    return {"message": f"Successfully submitted to {title}", "ref": made}


def _check(competition: dict[str, Any], version: dict[str, Any]) -> None:
    slug = competition["slug"]
    if version["status"] != "COMPLETE":
        raise Refusal(400, f"Version {version['number']} has not completed.")
    if slug not in version["competitionDataSources"]:
        raise Refusal(400, f"The notebook does not have {slug} among its sources.")
    code = competition["isKernelsSubmissionsOnly"]
    if code and version["enableInternet"] and not competition["internetAllowed"]:
        raise Refusal(400, "Your Notebook cannot use internet access in this competition.")


def begin(world: World, ref: int) -> None:
    """Run and score a code submission after the delay."""
    world.later(world.state.setting("scoring_seconds"), lambda: _scored(world, ref))


def _scored(world: World, ref: int) -> None:
    state = world.state
    with state.lock:
        entry = dict(state.data["submissions"][str(ref)])
    competition, kernel = find(state, entry["competition"]), entry["kernel"]
    owner, slug = kernel["ref"].split("/")
    version = kernels.version_of(state, owner, slug, str(kernel["number"]))
    folder = kernels.run_folder(state, kernel["ref"], kernel["number"])
    if competition["isKernelsSubmissionsOnly"]:
        folder = state.root / "reruns" / str(ref)
        hidden = competition["slug"]
        status, message = sessions.run(
            world,
            folder,
            {**version, "enableInternet": competition["internetAllowed"]},
            kernels.mounted(state, version, hidden),
            seconds=competition["rerunSeconds"],
            rerun=True,
        )
        if status == "ERROR":
            submissions.finish(state, ref, status="ERROR", errorDescription=message.split(":")[0])
            return
    made = folder / "kaggle" / "working" / entry["fileName"]
    if not made.is_file():
        submissions.finish(state, ref, status="ERROR", errorDescription="Submission File Not Found")
        return
    held = submissions.kept(state, ref, Path(entry["fileName"]).name)
    shutil.copyfile(made, held)
    submissions.finish(state, ref, totalBytes=held.stat().st_size)
    submissions.score(state, ref)
