"""Which credential for Kaggle there is, found without network and without the client.

The order is that of the official client: an access token, then a key, then a login in a browser.
What cannot be sent is refused here, in words; half a credential counts where nothing whole comes
after it. A value is never shown: `Credentials` prints its source alone.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from kaggle_prz.core.errors import CredentialsError
from kaggle_prz.core.process.scrubbing import BYTE_ORDER_MARKS, FILES, exists, is_key_like, near

SETTINGS = "https://www.kaggle.com/settings/api"
HOW = (
    f"Make a token at {SETTINGS} and put it into the environment variable KAGGLE_API_TOKEN or "
    "the file ~/.kaggle/access_token; or run: kaggle auth login"
)
_VARIABLES = "the environment variables KAGGLE_USERNAME and KAGGLE_KEY"
_LONGEST = 8000  # characters; servers refuse longer headers
_QUOTES = frozenset("\"'`“”„‟‘’‚‛«»")
_AROUND = "\ufeff\u200b\u2060"  # marks without width, which editors leave
_ASSIGNED = re.compile(r"(?:export|set)\s|\$env:|\w+\s*=\s*\S", re.IGNORECASE)
_PADDED = re.compile(r"[\w+/-]+=*")
_PATH = re.compile(r"~?[/\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\]")


@dataclass(frozen=True)
class Credentials:
    """A credential and where it is from."""

    source: str  # for sentences
    kind: str  # `"token"`, `"key"`, or `"login"`: a token that `expires`, renewed with `login`
    exposed: bool = False  # whether other users of this machine may read its file
    user: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    expires: datetime | None = field(default=None, repr=False)
    login: dict[str, object] = field(default_factory=dict, repr=False)

    @property
    def private(self) -> tuple[str, ...]:
        """What no message may hold."""
        return tuple(text for text in (self.secret, self.user) if len(text) > 2)

    @property
    def has_ended(self) -> bool:
        """Return whether a login's token has to be renewed before use."""
        if self.kind != "login":
            return False
        soon = datetime.now(UTC) + timedelta(minutes=1)
        return not self.secret or self.expires is None or self.expires < soon


class _HalfError(Exception):
    """A source that was meant to hold a credential does not, for the reason in the message."""


def credentials() -> Credentials | None:
    """Return the credential that would be used, or None; refuse a damaged one, or half of one."""
    halves = []
    for source in _sources():
        try:
            if found := source():
                return found
        except _HalfError as error:
            halves.append(str(error))
    if not halves:
        return None
    raise CredentialsError(f"The credential for Kaggle is incomplete: {'; '.join(halves)}. {HOW}")


def required() -> Credentials:
    """Return the credential that would be used; refuse where there is none."""
    found = credentials()
    if found is None:
        raise CredentialsError(f"There is no credential for Kaggle on this machine. {HOW}")
    return found


def _sources() -> Iterator[Callable[[], Credentials | None]]:
    mounted = os.environ.get("KAGGLE_API_V1_TOKEN")
    if os.environ.get("KAGGLE_KERNEL_RUN_TYPE") and mounted:
        yield partial(_token_file, Path(mounted), "the kernel's own token")
    yield _token_variable
    for name in FILES[:2]:
        yield partial(_token_file, _dot_kaggle() / name, f"the file ~/.kaggle/{name}")
    yield _key_variables
    yield _check_config_directory
    for path, source in _key_files():
        yield partial(_key_file, path, source)
    yield _login
    yield _check_near_names


def _token_variable() -> Credentials | None:
    source = "the environment variable KAGGLE_API_TOKEN"
    given = os.environ.get("KAGGLE_API_TOKEN", "")
    token = _bare(given)
    if token and exists(Path(token)):
        return _token_file(Path(token), "the file that KAGGLE_API_TOKEN names")
    if token and _is_path(token):
        raise _refused(source, "names a file that does not exist")
    if given and not token:
        raise _HalfError(f"{source} is blank")
    return Credentials(source, "token", secret=_checked(token, source, "token")) if token else None


def _token_file(path: Path, source: str) -> Credentials | None:
    text = _text(path, source)
    if text is None:
        return None
    token = _checked(text, source, "token")
    return Credentials(source, "token", exposed=_is_exposed(path), secret=token)


def _key_variables() -> Credentials | None:
    names = ("KAGGLE_USERNAME", "KAGGLE_KEY")
    user, key = (os.environ.get(name, "") for name in names)
    given = bool(_bare(user)), bool(_bare(key))
    if any(given) and not all(given):
        there, absent = names if given[0] else reversed(names)
        raise _HalfError(f"the environment variable {there} is set, and {absent} is not")
    if (user or key) and not any(given):
        raise _HalfError(f"{_VARIABLES} are blank")
    return _key(_VARIABLES, user, key) if all(given) else None


def _check_config_directory() -> None:
    chosen = os.environ.get("KAGGLE_CONFIG_DIR", "")
    if chosen and not exists(Path(chosen) / ".."):  # which a file does not have
        raise _HalfError("the environment variable KAGGLE_CONFIG_DIR does not name a directory")


def _key_files() -> Iterator[tuple[Path, str]]:
    chosen = os.environ.get("KAGGLE_CONFIG_DIR")
    if chosen:
        yield Path(chosen) / "kaggle.json", "the file kaggle.json in KAGGLE_CONFIG_DIR"
        return
    yield _dot_kaggle() / "kaggle.json", "the file ~/.kaggle/kaggle.json"
    config = os.environ.get("XDG_CONFIG_HOME")
    below = Path(config) if config else Path("~/.config").expanduser()
    yield below / "kaggle" / "kaggle.json", "the file kaggle/kaggle.json of the user's settings"


def _key_file(path: Path, source: str) -> Credentials | None:
    content = _json(path, source)
    if content is None:
        return None
    user = os.environ.get("KAGGLE_USERNAME") or content.get("username")
    key = os.environ.get("KAGGLE_KEY") or content.get("key")
    _refuse_lacking(source, username=user, key=key)
    return _key(source, str(user), str(key), exposed=_is_exposed(path))


def _key(source: str, user: str, key: str, *, exposed: bool = False) -> Credentials:
    user = _checked(user, source, "user name")
    return Credentials(source, "key", exposed, user=user, secret=_checked(key, source, "key"))


def _login() -> Credentials | None:
    path, source = _dot_kaggle() / "credentials.json", "the login in ~/.kaggle/credentials.json"
    content = _json(path, source)
    if content is None:
        return None
    _refuse_lacking(source, refresh_token=content.get("refresh_token"))
    refresh = _checked(str(content["refresh_token"]), source, "refresh_token")
    try:
        expires = datetime.fromisoformat(str(content.get("access_token_expiration")))
    except ValueError:
        expires = None
    return Credentials(
        source,
        "login",
        exposed=_is_exposed(path),
        user=str(content.get("username") or ""),
        secret=_checked(str(content.get("access_token") or ""), source, "access_token"),
        expires=expires if expires is None or expires.tzinfo else expires.replace(tzinfo=UTC),
        login={**content, "refresh_token": refresh},
    )


def _check_near_names() -> None:
    """Refuse what is nearly where a credential belongs."""
    place, halves = _dot_kaggle(), []
    if place.is_file():
        halves.append("~/.kaggle is a file, but must be a directory")
    for path in near(place):
        if path.name not in FILES:
            meant = "kaggle.json" if path.name.lower().startswith("kaggle") else "access_token"
            halves.append(f"~/.kaggle has {path.name!r}, which is not read; did you mean {meant}?")
    if halves:
        raise _HalfError("; ".join(halves))


def _dot_kaggle() -> Path:
    return Path("~/.kaggle").expanduser()


def _refuse_lacking(source: str, **parts: object) -> None:
    """Refuse a JSON file in which something is missing, or is no text."""
    lacking = [
        f"no {name}" if part in (None, "") else f"a {name} that is not text"
        for name, part in parts.items()
        if not (isinstance(part, str) and _bare(part))
    ]
    if lacking:
        raise _HalfError(f"{source} has {' and '.join(lacking)}")


def _checked(value: str, source: str, what: str) -> str:
    """Return a value as it is sent; refuse one that cannot be a header's."""
    value = _bare(value)
    if fault := _fault(value, what):
        raise _refused(source, f"cannot be used: the {what} {fault}")
    return value


def _refused(source: str, why: str) -> CredentialsError:
    return CredentialsError(f"Kaggle's credential in {source} {why}. {HOW}")


def _text(path: Path, source: str) -> str | None:
    """Return a file's text without what surrounds it; None where there is no file."""
    if not exists(path):
        return None
    if not path.is_file():
        raise _HalfError(f"{source} is {'a directory' if path.is_dir() else 'not a regular file'}")
    try:
        text = _bare(_decoded(path.read_bytes()))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
    else:
        if not text:
            raise _HalfError(f"{source} is empty")
        return text
    raise _refused(source, f"cannot be read ({reason})")


def _json(path: Path, source: str) -> dict[str, object] | None:
    text = _text(path, source)
    if text is None:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _refused(source, "is not valid JSON as Kaggle's settings page gives it")
    return content


def _is_exposed(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def _decoded(raw: bytes) -> str:
    """Return the text of a file: UTF-8, or what its byte order mark says."""
    marked = (name for mark, name in BYTE_ORDER_MARKS.items() if raw.startswith(mark))
    return raw.decode(next(marked, "utf-8"))


def _bare(text: str) -> str:
    """Return a text without blanks, line ends and byte order marks around it."""
    before = None
    while text != before:
        before, text = text, text.strip().strip(_AROUND)
    return text


def _is_path(text: str) -> bool:
    """Return whether a text is the path of a file, by its beginning or its end."""
    ends = (".json", ".txt", "access_token")
    return _PATH.match(text) is not None or text.lower().endswith(ends)


def _fault(text: str, what: str) -> str:
    """Return what is wrong with a bare value, such as `"has 2 lines"`; empty where nothing is."""
    is_user = what == "user name"
    faults = {
        "looks like a piece of JSON": text[:1] in {"{", "["},
        "looks like a URL": "://" in text,
        "starts with another word, such as Bearer": re.match(r"(?i)(bearer|basic)\s", text),
        "is a whole line of a shell script instead of the value alone": _ASSIGNED.match(text)
        and not _PADDED.fullmatch(text),
        f"has {len(text.splitlines())} lines": len(text.splitlines()) > 1,
        "has quotation marks around it": text[:1] in _QUOTES or text[-1:] in _QUOTES,
        "has quotation marks in it": _QUOTES & set(text),
        "has a control character in it": any(s.isascii() and not s.isprintable() for s in text),
        "has a space in it": any(sign.isspace() for sign in text),
        "has a letter that is not ASCII": not text.isascii(),
        "has a colon in it": is_user and ":" in text,
        "looks like a key; user name and key may be swapped": is_user and is_key_like(text),
        f"is too long, with {len(text):,} characters": len(text) > _LONGEST,
    }
    return next((said for said, is_so in faults.items() if is_so), "")
