"""The files of a competition: listed, alone, and all in a zip."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .answers import Answer, redirect
from .competitions import entered
from .downloads import archive, inside, signed
from .state import stamp
from .world import Call


def list_data_files(call: Call) -> dict[str, Any]:
    """`ListDataFiles`."""
    root = Path(entered(call)["files"])
    page, following = call.page(sorted(path for path in root.rglob("*") if path.is_file()))
    return {"files": [data_file(path, root) for path in page], "nextPageToken": following}


def data_file(path: Path, root: Path) -> dict[str, Any]:
    """A file with its size in bytes and its date."""
    name, status = path.relative_to(root).as_posix(), path.stat()
    date = stamp(datetime.fromtimestamp(status.st_mtime, UTC))
    return {"ref": name, "name": name, "totalBytes": status.st_size, "creationDate": date}


def download_data_files(call: Call) -> Answer:
    """`DownloadDataFiles`: to a zip of all of them."""
    competition = entered(call)
    name = f"{competition['slug']}.zip"
    if competition["archive"] is None:
        archive(Path(competition["files"]), call.state.folder("archives") / name)
    else:
        link = call.state.folder("archives") / name
        if not link.exists():
            link.symlink_to(Path(competition["archive"]).resolve())
    return redirect(signed(call.world, call.host, "archives", name))


def download_data_file(call: Call) -> Answer:
    """`DownloadDataFile`: to one of them, or to a zip of it."""
    competition = entered(call)
    name, slug = call.body.get("fileName", ""), competition["slug"]
    path = inside(Path(competition["files"]), name)
    if name not in competition["zipped"]:
        return redirect(signed(call.world, call.host, "competitions", slug, name))
    folder = call.state.folder("archives", slug, *Path(name).parent.parts)
    packed = archive(path, folder / f"{path.name}.zip").relative_to(call.state.root)
    return redirect(signed(call.world, call.host, *packed.parts))
