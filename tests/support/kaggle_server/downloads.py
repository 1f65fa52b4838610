"""Signed URLs on another host name, and what they lead to: whole files or ranges of them."""

import hashlib
import hmac
import re
import zipfile
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode

from .answers import Answer, Part, Refusal
from .state import State
from .world import World

PREFIX = "/storage/"


def signed(world: World, host: str, *names: str | int) -> str:
    """The URL of a stored file: a room of the state, what is in it, and the path there.

    Its host is another name of the loopback address than the one the call came to, so that
    clients drop their Authorization header on the way.
    """
    other = "127.0.0.1" if host.startswith("localhost") else "localhost"
    path = PREFIX + "/".join(quote(str(name)) for name in names)
    expires = str(world.state.now().timestamp() + world.state.setting("signature_seconds"))
    query = urlencode({"expires": expires, "signature": _signature(world.state, path, expires)})
    return f"http://{other}:{world.port}{path}?{query}"


def _signature(state: State, path: str, expires: str) -> str:
    key = state.data["account"]["signing"].encode()
    return hmac.new(key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def opened(world: World, path: str, query: str) -> str:
    """The path that a signed URL names, below the prefix.

    Raises:
        Refusal: the signature is not this server's, or it has expired.
    """
    fields = {name: values[0] for name, values in parse_qs(query).items()}
    expires, given = fields.get("expires", "0"), fields.get("signature", "")
    if not hmac.compare_digest(_signature(world.state, path, expires), given):
        raise Refusal(403, "SignatureDoesNotMatch")
    if float(expires) < world.state.now().timestamp():
        raise Refusal(400, "ExpiredToken")
    return unquote(path.removeprefix(PREFIX))


def stored(state: State, name: str) -> Path:
    """The file of a signed path.

    Raises:
        Refusal: it is not there.
    """
    room, owner, *rest = name.split("/")
    if room == "competitions":
        with state.lock:
            root = Path(state.data["competitions"][owner]["files"])
        return inside(root, "/".join(rest))
    return inside(state.root, name)


def inside(root: Path, name: str) -> Path:
    """A file below a folder.

    Raises:
        Refusal: there is none of that name.
    """
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise Refusal(404, "Not Found")
    return path


def archive(files: Path, target: Path) -> Path:
    """A zip of a folder, or of one file, made once."""
    if not target.exists():
        draft = target.with_suffix(".draft")
        names = [files] if files.is_file() else sorted(files.rglob("*"))
        base = files.parent if files.is_file() else files
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as packed:
            for path in names:
                if path.is_file():
                    packed.write(path, path.relative_to(base))
        draft.replace(target)
    return target


def served(path: Path, asked: str | None, unchanged: str | None) -> Answer:
    """A file, or the range of it that `Range` asks for unless `If-Range` says otherwise."""
    status = path.stat()
    modified = format_datetime(datetime.fromtimestamp(int(status.st_mtime), UTC), usegmt=True)
    tag = f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
    kind = "application/zip" if path.suffix == ".zip" else "application/octet-stream"
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": kind,
        "ETag": tag,
        "Last-Modified": modified,
    }
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", asked or "")
    if not found or found.groups() == ("", "") or not _same(unchanged, tag, modified):
        return Answer(200, Part(path, 0, status.st_size), headers)
    first, last = _bounds(found[1], found[2], status.st_size)
    if first >= status.st_size or last < first:
        return Answer(416, b"", {**headers, "Content-Range": f"bytes */{status.st_size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{status.st_size}"
    return Answer(206, Part(path, first, last - first + 1), headers)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _same(unchanged: str | None, tag: str, modified: str) -> bool:
    if unchanged is None or unchanged == tag:
        return True
    if unchanged.startswith('"'):
        return False
    return parsedate_to_datetime(modified) <= parsedate_to_datetime(unchanged)
