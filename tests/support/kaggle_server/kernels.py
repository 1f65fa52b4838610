"""Kernels: pushed versions, what they may read, how their sessions stand, what they left."""

import json
from pathlib import Path
from typing import Any

from . import sessions
from .answers import Answer, Refusal, redirect
from .competitions import find
from .datasets import folder_of
from .downloads import inside, signed
from .state import State, stamp
from .world import Call, World

DENIED = "Permission 'kernels.get' was denied"
_FIELDS: dict[str, Any] = {
    "text": "",
    "language": "python",
    "kernelType": "script",
    "competitionDataSources": [],
    "datasetDataSources": [],
    "kernelDataSources": [],
    "modelDataSources": [],
    "categoryIds": [],
    "isPrivate": False,
    "enableGpu": False,
    "enableTpu": False,
    "enableInternet": False,
    "sessionTimeoutSeconds": 0,
    "machineShape": "",
}


def save_kernel(call: Call) -> dict[str, Any]:
    """`SaveKernel`: a new version without the sources that do not exist, and its run."""
    owner, _, slug = call.body.get("slug", "").partition("/")
    if owner != call.state.data["account"]["username"] or not slug:
        raise Refusal(403, "Permission 'kernels.update' was denied")
    if call.body.get("language", "python") != "python":
        return {"error": "Only Python runs here."}
    version = {name: call.body.get(name, default) for name, default in _FIELDS.items()}
    invalid = {
        "Competition": [s for s in version["competitionDataSources"] if not _enters(call, s)],
        "Dataset": [s for s in version["datasetDataSources"] if folder_of(call.state, s) is None],
        "Kernel": [s for s in version["kernelDataSources"] if output(call.state, s) is None],
        "Model": version["modelDataSources"],
    }
    for kind, names in invalid.items():
        field = f"{kind.lower()}DataSources"
        version[field] = [name for name in version[field] if name not in names]
    ref, number = f"{owner}/{slug}", call.state.number()
    with call.state.change() as data:
        kernel = data["kernels"].setdefault(ref, {"id": number, "title": slug, "versions": []})
        kernel["title"] = call.body.get("newTitle") or kernel["title"]
        last = len(kernel["versions"]) + 1
        state = {"number": last, "status": "QUEUED", "failureMessage": ""}
        kernel["versions"].append({**version, **state, "date": stamp(call.state.now())})
        kernel_id = kernel["id"]
    begin(call.world, ref, last)
    return {
        "ref": f"/code/{ref}",
        "url": f"https://www.kaggle.com/code/{ref}",
        "versionNumber": last,
        "kernelId": kernel_id,
        "error": "",
        "invalidTags": [],
        **{f"invalid{kind}Sources": names for kind, names in invalid.items()},
    }


def _enters(call: Call, slug: str) -> bool:
    try:
        return bool(find(call.state, slug)["rulesAccepted"])
    except Refusal:
        return False


def begin(world: World, ref: str, number: int) -> None:
    """Run a version after its time in the queue."""

    def work() -> None:
        version = _set(world.state, ref, number, status="RUNNING")
        limit = version["sessionTimeoutSeconds"] or world.state.setting("session_seconds")
        place = run_folder(world.state, ref, number)
        mounts = mounted(world.state, version)
        status, message = sessions.run(world, place, version, mounts, seconds=limit)
        _set(world.state, ref, number, status=status, failureMessage=message)

    world.later(world.state.setting("queue_seconds"), work)


def _set(state: State, ref: str, number: int, **changes: Any) -> dict[str, Any]:
    with state.change() as data:
        version = data["kernels"][ref]["versions"][number - 1]
        version |= changes
        return dict(version)


def run_folder(state: State, ref: str, number: int) -> Path:
    """Where the run of a version is."""
    return state.root / "kernels" / ref / str(number)


def mounted(state: State, version: dict[str, Any], hidden: str | None = None) -> dict[str, Path]:
    """Folders by their names below `/kaggle/input`; `hidden` is the competition of a rerun."""
    sources: list[tuple[str, str, Path | None]] = []
    for slug in version["competitionDataSources"]:
        competition = find(state, slug)
        which = "hidden" if slug == hidden and competition["hidden"] else "files"
        sources.append(("competitions", slug, Path(competition[which])))
    for ref in version["datasetDataSources"]:
        name = "/".join(ref.split("/")[:2])
        sources.append(("datasets", name, folder_of(state, ref)))
    for ref in version["kernelDataSources"]:
        name = "/".join(ref.split("/")[:2])
        sources.append(("notebooks", name, output(state, ref)))
    new = state.setting("layout") == "new"
    return {
        f"{kind}/{name}" if new else name.split("/")[-1]: folder
        for kind, name, folder in sources
        if folder is not None
    }


def version_of(state: State, owner: str, slug: str, label: str = "") -> dict[str, Any]:
    """A version of a kernel, the last without a label.

    Raises:
        Refusal: there is none; Kaggle does not tell that from a private one.
    """
    with state.lock:
        kernel = state.data["kernels"].get(f"{owner}/{slug}")
        if kernel is None or (label and not 0 < int(label) <= len(kernel["versions"])):
            raise Refusal(403, DENIED)
        return dict(kernel["versions"][int(label) - 1 if label else -1])


def output(state: State, ref: str) -> Path | None:
    """Folder of the output of the last version that completed, if one did."""
    owner, slug, *_ = (*ref.split("/"), "")
    with state.lock:
        versions = state.data["kernels"].get(f"{owner}/{slug}", {"versions": []})["versions"]
        done = [each["number"] for each in versions if each["status"] == "COMPLETE"]
    return run_folder(state, f"{owner}/{slug}", done[-1]) / "kaggle" / "working" if done else None


def _asked(call: Call) -> tuple[str, dict[str, Any], Path]:
    owner = call.body.get("userName") or call.body.get("ownerSlug", "")
    slug, label = call.body.get("kernelSlug", ""), call.body.get("versionLabel", "")
    version = version_of(call.state, owner, slug, str(label or call.body.get("versionNumber", "")))
    ref = f"{owner}/{slug}"
    return ref, version, run_folder(call.state, ref, version["number"])


def get_kernel_session_status(call: Call) -> dict[str, Any]:
    """`GetKernelSessionStatus`."""
    _, version, _ = _asked(call)
    return {"status": version["status"], "failureMessage": version["failureMessage"]}


def list_kernel_session_output(call: Call) -> dict[str, Any]:
    """`ListKernelSessionOutput`: files once it has ended, and the log so far."""
    ref, version, folder = _asked(call)
    root = folder / "kaggle" / "working"
    ended = version["status"] in ("COMPLETE", "ERROR")
    found = sorted(path for path in root.rglob("*") if path.is_file()) if ended else []
    page, following = call.page(found)
    place = ("kernels", *ref.split("/"), version["number"], "kaggle", "working")
    files = [
        {"fileName": name, "url": signed(call.world, call.host, *place, *name.split("/"))}
        for name in (path.relative_to(root).as_posix() for path in page)
    ]
    log = json.dumps(sessions.events(folder))
    return {"files": files, "log": log, "nextPageToken": following}


def download_kernel_output(call: Call) -> Answer:
    """`DownloadKernelOutput`: to one file."""
    _, _, folder = _asked(call)
    path = inside(folder / "kaggle" / "working", call.body.get("filePath", ""))
    return redirect(signed(call.world, call.host, *path.relative_to(call.state.root).parts))
