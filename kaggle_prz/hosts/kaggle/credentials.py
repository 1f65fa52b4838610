"""Which credential for Kaggle there is, found without network and without the client.

The order is that of the official client: an access token, then a key, then a login in a browser.
A value is never shown: `Credentials` prints its source alone.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kaggle_prz.errors import CredentialsError

SETTINGS = "https://www.kaggle.com/settings/api"
HOW = (
    f"Make a token at {SETTINGS} and put it into the environment variable KAGGLE_API_TOKEN or "
    "the file ~/.kaggle/access_token; or run: kaggle auth login"
)


@dataclass(frozen=True)
class Credentials:
    """A credential and where it is from.

    Attributes:
        source: for sentences, such as `"the file ~/.kaggle/kaggle.json"`.
        kind: `"token"`, `"key"` or `"login"`, which is a token that is renewed.
        exposed: whether other users of this machine may read its file.
        user: name of the account, where the source says it.
        secret: the token or key.
        expires: end of a login's token; None where it does not end, or has to be renewed now.
    """

    source: str
    kind: str
    exposed: bool = False
    user: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    expires: datetime | None = field(default=None, repr=False)

    @property
    def private(self) -> tuple[str, ...]:
        """What no message may hold."""
        return tuple(text for text in (self.secret, self.user) if len(text) > 2)

    @property
    def has_ended(self) -> bool:
        """Whether a login's token has to be renewed before use."""
        if self.kind != "login":
            return False
        soon = datetime.now(UTC) + timedelta(minutes=1)
        return not self.secret or self.expires is None or self.expires < soon


def credentials() -> Credentials | None:
    """The credential that would be used, or None.

    Raises:
        CredentialsError: a file that should hold one is damaged.

    Example:
        ```python
        found = credentials()
        print(found.source if found else "none")  # the file ~/.kaggle/kaggle.json
        ```
    """
    return next(_found(), None)


def required() -> Credentials:
    """The credential that would be used.

    Raises:
        CredentialsError: there is none, or its file is damaged.
    """
    found = credentials()
    if found is None:
        raise CredentialsError(f"There is no credential for Kaggle on this machine. {HOW}")
    return found


def _found() -> Iterator[Credentials]:
    yield from _tokens()
    yield from _keys()
    yield from _login()


def _tokens() -> Iterator[Credentials]:
    mounted = os.environ.get("KAGGLE_API_V1_TOKEN")
    if os.environ.get("KAGGLE_KERNEL_RUN_TYPE") and mounted:
        yield from _token_file(Path(mounted), "the kernel's own token")
    given = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    if given and _is_file(Path(given)):
        yield from _token_file(Path(given), "the file that KAGGLE_API_TOKEN names")
    elif given:
        yield Credentials("the environment variable KAGGLE_API_TOKEN", "token", secret=given)
    for name in ("access_token", "access_token.txt"):
        yield from _token_file(_dot_kaggle() / name, f"the file ~/.kaggle/{name}")


def _token_file(path: Path, source: str) -> Iterator[Credentials]:
    text = _text(path, source)
    if text:
        yield Credentials(source, "token", exposed=_is_exposed(path), secret=text)


def _keys() -> Iterator[Credentials]:
    user, key = os.environ.get("KAGGLE_USERNAME", ""), os.environ.get("KAGGLE_KEY", "")
    if user and key:
        source = "the environment variables KAGGLE_USERNAME and KAGGLE_KEY"
        yield Credentials(source, "key", user=user, secret=key)
        return
    for path, source in _key_files():
        content = _json(path, source)
        here = (user or content.get("username"), key or content.get("key"))
        if all(isinstance(part, str) and part for part in here):
            yield Credentials(
                source, "key", exposed=_is_exposed(path), user=str(here[0]), secret=str(here[1])
            )


def _key_files() -> Iterator[tuple[Path, str]]:
    chosen = os.environ.get("KAGGLE_CONFIG_DIR")
    if chosen:
        yield Path(chosen) / "kaggle.json", "the file kaggle.json in KAGGLE_CONFIG_DIR"
        return
    yield _dot_kaggle() / "kaggle.json", "the file ~/.kaggle/kaggle.json"
    config = os.environ.get("XDG_CONFIG_HOME")
    below = Path(config) if config else Path("~/.config").expanduser()
    yield below / "kaggle" / "kaggle.json", "the file kaggle/kaggle.json of the user's settings"


def _login() -> Iterator[Credentials]:
    path, source = _dot_kaggle() / "credentials.json", "the login in ~/.kaggle/credentials.json"
    content = _json(path, source)
    if not content.get("refresh_token"):
        return
    expires = None
    try:
        expires = datetime.fromisoformat(str(content.get("access_token_expiration")))
        expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
    except ValueError:
        pass
    user, token = content.get("username"), content.get("access_token")
    yield Credentials(
        source,
        "login",
        exposed=_is_exposed(path),
        user=str(user or ""),
        secret=str(token or ""),
        expires=expires,
    )


def _dot_kaggle() -> Path:
    return Path("~/.kaggle").expanduser()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a token is too long for a file's name
        return False


def _text(path: Path, source: str) -> str:
    if not _is_file(path):
        return ""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
    raise CredentialsError(f"Kaggle's credential in {source} cannot be read ({reason}). {HOW}")


def _json(path: Path, source: str) -> dict[str, Any]:
    text = _text(path, source)
    if not text:
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise CredentialsError(f"Kaggle's credential in {source} is not valid JSON. {HOW}")
    return content


def _is_exposed(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)
