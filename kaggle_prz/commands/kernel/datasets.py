"""A bundle -> a private dataset at Kaggle: created or versioned, and waited for."""

from pathlib import Path

import requests

from kaggle_prz.commands.kernel import bundle, job
from kaggle_prz.competitions.kaggle import Door, retry
from kaggle_prz.competitions.kaggle.failures import Answer, kind_of
from kaggle_prz.competitions.kaggle.submissions.uploading import upload_blob
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, duration
from kaggle_prz.core.errors import HostError

_SERVICE = "datasets"
_RECORD = "published.json"
_LONGEST_WAIT = 1800.0
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0


def publish(door: Door, directory: Path, console: Console) -> str:
    """Upload a bundle, unless the very same was uploaded before, and wait until it is ready."""
    bundle.refuse_secrets(directory)
    metadata = filesystem.read_json_as(directory / job.DATASET, job.DatasetMetadata)
    ref, record = metadata.id, directory.parent / _RECORD
    wanted = {"ref": ref, "manifest": filesystem.sha256(directory / bundle.MANIFEST)}
    status = _status(door, ref)
    if status and record.is_file() and filesystem.read_json(record) == wanted:
        console.say(f"The bundle {ref} has not changed and is already at Kaggle.")
    else:
        files = _uploaded(door, directory, console)
        _put(door, metadata, files, f"manifest {wanted['manifest'][:12]}", new=not status)
        filesystem.write_json(record, wanted)
    _wait(door, ref)
    return ref


def _uploaded(door: Door, directory: Path, console: Console) -> list[dict[str, str]]:
    names = [*(entry.file for entry in bundle.Manifest.read(directory).files), bundle.MANIFEST]
    tokens = []
    with console.bar("upload the bundle", len(names)) as advance:
        for name in names:
            tokens.append({"token": upload_blob(door, directory / name)})
            advance(1, note=name)
    return tokens


def _put(
    door: Door,
    metadata: job.DatasetMetadata,
    files: list[dict[str, str]],
    notes: str,
    *,
    new: bool,
) -> None:
    owner, _, slug = metadata.id.partition("/")
    method = "CreateDataset" if new else "CreateDatasetVersion"
    fields: dict[str, object] = {
        "dataset_slug": slug,
        "body": {"versionNotes": notes, "files": files},
    }
    if new:
        fields = {"slug": slug, "title": metadata.title, "is_private": True, "files": files}
        fields["license_name"] = metadata.licenses[0]["name"]
    answer = door.explained(
        lambda: door.once(method, _SERVICE, owner_slug=owner, **fields),
        f"{('Creating' if new else 'Making a version of')} the dataset {metadata.id}",
    )
    said = answer.get("error") or (answer.get("status") == "error" and "it gives no reason")
    if said:
        raise HostError(f"Kaggle refused the bundle {metadata.id}: {said}")


def _status(door: Door, ref: str) -> str:
    """Return `READY`, …; empty for a dataset that does not exist, which Kaggle calls forbidden."""
    owner, _, slug = ref.partition("/")

    def ask() -> Answer:
        try:
            return door.once("GetDatasetStatus", _SERVICE, owner_slug=owner, dataset_slug=slug)
        except requests.RequestException as error:
            if kind_of(error) in {"forbidden", "unknown"}:
                return {}
            raise

    answer = door.patiently(ask, f"Asking for the dataset {ref}")
    return str(answer.get("status") or "").upper()


def _wait(door: Door, ref: str) -> None:
    for waited in retry.waits(_FIRST_PAUSE, _LONGEST_PAUSE):
        status = _status(door, ref)
        if status == "READY":
            return
        if status in {"FAILED", "DELETED"} or waited > _LONGEST_WAIT:
            raise HostError(
                f"The dataset {ref} is {status.lower() or 'not to be seen'} at Kaggle after "
                f"{duration(waited)}. Push again later; files that were uploaded stay at Kaggle."
            )
