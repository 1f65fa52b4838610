"""Datasets: created from uploads, in versions; archives are unpacked as Kaggle does."""

import shutil
from pathlib import Path
from typing import Any

from . import uploads
from .answers import Answer, Refusal, redirect
from .downloads import archive, inside, signed
from .files import data_file
from .state import State, moment, stamp
from .world import Call

DENIED = "Permission 'datasets.get' was denied"
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


def folder_of(state: State, ref: str) -> Path | None:
    """Files of `owner/slug` or `owner/slug/versions/n` (the last without n), if it exists."""
    owner, slug, *rest = (*ref.split("/"), "")
    with state.lock:
        dataset = state.data["datasets"].get(f"{owner}/{slug}")
    if dataset is None:
        return None
    number = int(rest[1]) if rest[:1] == ["versions"] else len(dataset["versions"])
    folder = state.root / "datasets" / owner / slug / str(number)
    return folder if folder.is_dir() else None


def _find(call: Call) -> tuple[str, dict[str, Any]]:
    ref = f"{call.body.get('ownerSlug', '')}/{call.body.get('datasetSlug', '')}"
    with call.state.lock:
        if ref not in call.state.data["datasets"]:
            raise Refusal(403, DENIED)
        return ref, dict(call.state.data["datasets"][ref])


def create_dataset(call: Call) -> dict[str, Any]:
    """`CreateDataset`."""
    owner, slug = call.body.get("ownerSlug", ""), call.body.get("slug", "")
    ref = f"{owner}/{slug}"
    if owner != call.state.data["account"]["username"]:
        raise Refusal(403, "Permission 'datasets.create' was denied")
    if folder_of(call.state, ref) is not None:
        title = call.body.get("title", "")
        return {"status": "error", "error": f'The requested title "{title}" is already in use.'}
    if not call.body.get("files"):
        return {"status": "error", "error": "A dataset needs at least one file."}
    if not call.body.get("licenseName"):
        return {"status": "error", "error": "A dataset needs a license."}
    number = call.state.number()
    with call.state.change() as data:
        data["datasets"][ref] = {
            "id": number,
            "title": call.body.get("title", slug),
            "isPrivate": call.body.get("isPrivate", False),
            "versions": [],
        }
    return _version(call, ref, call.body)


def create_dataset_version(call: Call) -> dict[str, Any]:
    """`CreateDatasetVersion`: files that are not sent again are gone."""
    ref, _ = _find(call)
    return _version(call, ref, call.body.get("body", {}))


def _version(call: Call, ref: str, body: dict[str, Any]) -> dict[str, Any]:
    sent = [uploads.complete(call.state, file.get("token", "")) for file in body.get("files", [])]
    with call.state.change() as data:
        versions = data["datasets"][ref]["versions"]
        versions.append(
            {"date": stamp(call.state.now()), "versionNotes": body.get("versionNotes", "")}
        )
        number = len(versions)
    folder = call.state.folder("datasets", *ref.split("/"), number)
    for name, blob in sent:
        _put(blob, folder, Path(name).name)
    return {"ref": ref, "url": f"https://www.kaggle.com/datasets/{ref}", "status": "ok"}


def _put(blob: Path, folder: Path, name: str) -> None:
    found = [ending for ending in _ARCHIVES if name.endswith(ending)]
    if not found:
        shutil.copyfile(blob, folder / name)
        return
    packed = folder / name
    shutil.copyfile(blob, packed)
    inner = folder / name.removesuffix(found[0])
    inner.mkdir(exist_ok=True)
    kwargs = {"filter": "data"} if found[0] != ".zip" else {}
    shutil.unpack_archive(packed, inner, **kwargs)
    packed.unlink()


def get_dataset_status(call: Call) -> dict[str, Any]:
    """`GetDatasetStatus`: READY a while after its last version."""
    _, dataset = _find(call)
    age = (call.state.now() - moment(dataset["versions"][-1]["date"])).total_seconds()
    ready = age >= call.state.setting("dataset_seconds")
    return {"status": "READY" if ready else "BLOBS_RECEIVED"}


def get_dataset(call: Call) -> dict[str, Any]:
    """`GetDataset`."""
    ref, dataset = _find(call)
    return _shown(ref, dataset)


def _shown(ref: str, dataset: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": dataset["id"],
        "ref": ref,
        "title": dataset["title"],
        "isPrivate": dataset["isPrivate"],
        "url": f"https://www.kaggle.com/datasets/{ref}",
        "lastUpdated": dataset["versions"][-1]["date"],
        "currentVersionNumber": len(dataset["versions"]),
    }


def list_datasets(call: Call) -> dict[str, Any]:
    """`ListDatasets`, by search."""
    words = call.body.get("search", "").lower()
    with call.state.lock:
        every = list(call.state.data["datasets"].items())
    found = [_shown(ref, each) for ref, each in every if words in ref]
    page, following = call.page(found)
    return {"datasets": page, "nextPageToken": following}


def _files(call: Call) -> Path:
    ref, _ = _find(call)
    number = call.body.get("datasetVersionNumber")
    folder = folder_of(call.state, f"{ref}/versions/{number}" if number else ref)
    if folder is None:
        raise Refusal(404, "Not Found")
    return folder


def list_dataset_files(call: Call) -> dict[str, Any]:
    """`ListDatasetFiles`."""
    root = _files(call)
    page, following = call.page(sorted(path for path in root.rglob("*") if path.is_file()))
    return {"datasetFiles": [data_file(path, root) for path in page], "nextPageToken": following}


def download_dataset(call: Call) -> Answer:
    """`DownloadDataset`: to one file, or to a zip of all."""
    root, name = _files(call), call.body.get("fileName")
    if name:
        path = inside(root, name)
    else:
        _, owner, slug, number = root.relative_to(call.state.root).parts
        place = call.state.folder("archives", "datasets", owner, slug, number)
        path = archive(root, place / "archive.zip")
    return redirect(signed(call.world, call.host, *path.relative_to(call.state.root).parts))
