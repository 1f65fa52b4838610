"""Kernels at Kaggle: versions saved, their sessions, logs, and what they left."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kaggle_prz.commands.kernel import job
from kaggle_prz.competitions.kaggle import Door, retry, slugs
from kaggle_prz.competitions.kaggle.failures import Answer, UnreadableAnswerError
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, duration
from kaggle_prz.core.errors import HostError, RulesNotAcceptedError, UsageError

ENDED = frozenset({"COMPLETE", "ERROR", "CANCEL_ACKNOWLEDGED"})
_SERVICE = "kernels"
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 60.0
_PIECE = 1 << 20  # bytes
_SHOWN = 20  # lines of a log
# Field of the metadata -> the request's.
_SOURCES = {
    "dataset_sources": "dataset_data_sources",
    "competition_sources": "competition_data_sources",
    "kernel_sources": "kernel_data_sources",
    "model_sources": "model_data_sources",
}


@dataclass(frozen=True)
class Version:
    """A version of a kernel."""

    ref: str  # `owner/slug`
    number: int  # counted from 1
    url: str  # its page


@dataclass(frozen=True)
class Session:
    """How the last version's session stands."""

    status: str  # `QUEUED`, `RUNNING`, or one of `ENDED`
    failure: str = ""  # what Kaggle says of an error


def check_ref(ref: str) -> str:
    """Return `owner/slug` of a kernel or of its address; refuse anything else."""
    parts = ref.strip().rstrip("/").removeprefix("https://www.kaggle.com/code/").split("/")
    if len(parts) != 2 or not all(slugs.is_slug(part.replace("_", "-")) for part in parts):
        raise UsageError(f"A kernel is named OWNER/SLUG; received {ref!r}.")
    return "/".join(parts)


def save(door: Door, folder: Path) -> Version:
    """Push a kernel's folder: a new version, which begins to run.

    The client does not raise on refusals and on sources that were left out; here they are errors.
    """
    metadata = filesystem.read_json_as(folder / job.KERNEL, job.KernelMetadata)
    ref = metadata.id
    fields = metadata.model_dump(
        include={"language", "kernel_type", "is_private", "enable_gpu", "enable_tpu"}
    )
    fields |= {request: getattr(metadata, name) for name, request in _SOURCES.items()}
    if metadata.machine_shape:
        fields["machine_shape"] = metadata.machine_shape
    answer = door.explained(
        lambda: door.once(
            "SaveKernel",
            _SERVICE,
            slug=ref,
            new_title=metadata.title,
            text=(folder / metadata.code_file).read_text("utf-8"),
            enable_internet=False,
            **fields,
        ),
        f"Pushing the kernel {ref}",
    )
    _refuse_what_was_left_out(ref, answer)
    return Version(ref, int(answer.get("versionNumber") or 0), str(answer.get("url") or ""))


def _refuse_what_was_left_out(ref: str, answer: Answer) -> None:
    if answer.get("error"):
        raise HostError(f"Kaggle refused the kernel {ref}: {answer['error']}")
    left_out = {
        key.removeprefix("invalid").removesuffix("Sources").lower(): value
        for key, value in answer.items()
        if key.startswith("invalid") and key.endswith("Sources") and value
    }
    for slug in left_out.get("competition", []):
        raise RulesNotAcceptedError(
            f"Kaggle does not attach the competition {slug!r} to the kernel {ref}. Most often "
            "the rules are not accepted yet. Accept them in a browser: "
            f"{slugs.page(slug, 'rules')}"
        )
    if left_out:
        named = "; ".join(f"{kind} {', '.join(names)}" for kind, names in left_out.items())
        raise HostError(
            f"Kaggle saved the kernel {ref} without some of its sources ({named}), so it cannot "
            "work. They do not exist, or your account has no access to them."
        )


def status(door: Door, ref: str) -> Session:
    """Return how the last version's session stands."""
    answer = door.ask(
        "GetKernelSessionStatus", f"Asking for the kernel {ref}", service=_SERVICE, **_named(ref)
    )
    name = str(answer.get("status") or "QUEUED").upper()
    return Session(name.rpartition("_STATUS_")[2], str(answer.get("failureMessage") or ""))


def wait(door: Door, ref: str, console: Console, timeout: float) -> Session:
    """Return the session once it has ended; refuse to wait for more than `timeout` seconds."""
    with console.bar(f"kernel {ref}", 1) as advance:
        for waited in retry.waits(_FIRST_PAUSE, _LONGEST_PAUSE, 1.3):
            session = status(door, ref)
            if session.status in ENDED:
                advance(1, note=session.status.lower())
                break
            if waited >= timeout:
                raise HostError(
                    f"The kernel {ref} is {session.status.lower()} after {duration(waited)}. It "
                    f"continues at Kaggle; show its status with: kaggle-prz kernel status {ref}"
                )
            advance(0, note=f"{session.status.lower()} for {duration(waited)}")
    return session


def log_end(door: Door, ref: str) -> tuple[list[str], str]:
    """Return the last lines of the log of the last session, and the last one of its errors.

    Output and errors are read apart at Kaggle, so that the very last line may be of either.
    """
    log = str(next(_listing(door, ref)).get("log") or "")
    try:
        events = [(str(e.get("stream_name")), str(e.get("data", ""))) for e in json.loads(log)]
    except (ValueError, AttributeError, TypeError):
        events = [("stdout", log)]
    lines = "".join(text for _, text in events).splitlines()
    errors = "".join(text for stream, text in events if stream == "stderr").splitlines()
    last = next((line.strip() for line in reversed(errors or lines) if line.strip()), "")
    return lines[-_SHOWN:], last


def pull(door: Door, ref: str, to: Path, console: Console, only: str = "") -> list[Path]:
    """Fetch what the last session left in /kaggle/working; refuse a name that leads out of `to`."""
    files = [file for answer in _listing(door, ref) for file in answer.get("files") or []]
    every = [(str(file.get("fileName") or ""), str(file.get("url") or "")) for file in files]
    found = [(name, url) for name, url in every if not only or name == only]
    pulled = []
    with console.bar(f"output of {ref}", len(found)) as advance:
        for name, url in found:
            path = to / _inside(name)
            door.patiently(functools.partial(_fetch, door, url, path), f"Downloading {name}")
            pulled.append(path)
            advance(1, note=name)
    return pulled


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.name or ".." in path.parts or "\\" in name or ":" in name:
        raise HostError(
            f"The output of the kernel has a file with the path {name!r}, which leads out of the "
            "directory that it is downloaded to. This file and those after it are not "
            "downloaded."
        )
    return path


def _fetch(door: Door, url: str, path: Path) -> None:
    with door.storage.get(url, stream=True) as response:
        response.raise_for_status()
        expected = response.headers.get("Content-Length")
        with filesystem.replacing(path) as part, part.open("wb") as file:
            for piece in response.iter_content(_PIECE):
                file.write(piece)
            if expected is not None and file.tell() != int(expected):
                raise UnreadableAnswerError("it arrived incomplete", response=response)


def _listing(door: Door, ref: str) -> Iterator[Answer]:
    what = f"Listing the output of the kernel {ref}"
    return door.pages("ListKernelSessionOutput", what, service=_SERVICE, **_named(ref))


def _named(ref: str) -> dict[str, str]:
    owner, _, slug = ref.partition("/")
    return {"user_name": owner, "kernel_slug": slug}
