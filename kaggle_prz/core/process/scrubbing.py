"""Takes credentials out of texts: those of this machine, and whatever looks like one.

Every source of a credential is known here, whole or damaged: a token of two lines is found line by
line, a key within JSON, and each in the forms in which libraries quote texts. Nothing here raises,
whatever the sources hold.
"""

import base64
import codecs
import contextlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePath
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "…"
VARIABLES = (
    "KAGGLE_API_TOKEN",
    "KAGGLE_KEY",
    "KAGGLE_API_V1_TOKEN",
    "KAGGLE_USER_SECRETS_TOKEN",
    "KAGGLE_DATA_PROXY_TOKEN",
)
FILES = ("access_token", "access_token.txt", "kaggle.json", "credentials.json")
BYTE_ORDER_MARKS = {  # UTF-32 first: its mark begins like that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
_USER = "KAGGLE_USERNAME"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_SHORTEST = 8  # characters; a shorter piece is part of ordinary words
_LONGEST = 65_536  # bytes read of a file
_MOST = 400  # pieces of a source, and files of a directory
_MOST_USERS = 8
_ABOUT = {"username", "scopes", "access_token_expiration"}  # of a JSON file, no secrets
_ORDINARY = {
    *FILES, *(name.lower() for name in (*VARIABLES, _USER)), *_ABOUT, "access_token_file",
    "authorization", "credential", "credentials", "kaggle.com", "password", "refresh_token",
    "www.kaggle.com",
}  # fmt: skip
_NEAR = re.compile(r"\W*(?:kaggle|access.?tokens?|api.?token|token|credentials?)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\s\x00-\x1f\"'`“”„‘’‚«»=:;,{}\[\]()<>]{8,}")
_LINE_END = re.compile(r"[\x00-\x1f\x85\u2028\u2029]+")
_KEY_LIKE = re.compile(r"KGAT_.*|[0-9a-f]{24,}|(?=\D*\d)[0-9a-z]{32,}", re.IGNORECASE)
_USER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SAYS_SECRET = (
    r"[\w.-]*(?:signature|credential|token|secret|passw(?:or)?d|policy|access_?(?:key_?)?id)[\w.-]*"
    r"|(?:[\w.-]*[_-])?(?:sig|key|api_?key|key-pair-id|auth)"
)
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), shown)
    for pattern, shown in (
        # a value of a signed address, plain or quoted within another one
        (rf"((?:[?&;]|%3f|%26)(?:{_SAYS_SECRET})(?:=|%3d))[^&\s'\"<>)\]}}]+", rf"\1{HIDDEN}"),
        (
            r"((?:proxy-)?authorization[\"']?\s*[:=,]\s*(?:b(?=[\"']))?[\"']?)"
            r"(?:(?:basic|bearer|token|digest)\s+)?[^\s'\",;)}]+",
            rf"\1{HIDDEN}",
        ),
        (r"\b(bearer|basic) +(?=\S*\d)[\w+/=.~:-]{8,}", rf"\1 {HIDDEN}"),
        (r"([\"'][a-z_]*(?:token|secret|password)[\"']\s*:\s*[\"'])[^\"']+", rf"\1{HIDDEN}"),
        (r"([\"']key[\"']\s*:\s*[\"'])[0-9a-f]{32}", rf"\1{HIDDEN}"),
        (r"KGAT_\w{8,}", HIDDEN),
        # a login in an address, of a proxy or of a page; a path has one slash of its two
        (r"(:/{1,2})[^\s/'\"@]*:[^\s'\"]*@", rf"\1{HIDDEN}@"),
    )
)


def scrubbed(text: str, more: Iterable[str] = ()) -> str:
    """Return a text with `…` for every credential in it, and for `more`, however short.

    Example:
        >>> scrubbed("GET https://store/a.zip?X-Goog-Signature=0f1e&part=2 failed")
        'GET https://store/a.zip?X-Goog-Signature=…&part=2 failed'
    """
    for form in sorted({*_forms(more), *forms()}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    for pattern, shown in _PATTERNS:
        text = pattern.sub(shown, text)
    return text


def forms() -> set[str]:
    """Return the credentials of this machine, and pieces of them, in every form of being quoted."""
    keys, users = set[str](), {""}
    for text in _texts():
        keys.update(islice(_pieces(text, users), _MOST))
    named = os.environ.get(_USER, "")
    users.add(named)
    users.update(_user_pieces(named))
    keys.update(piece for user in users for piece in _user_pieces(user))
    keys.update(_passwords())
    keys = {key for key in keys if len(key) >= _SHORTEST and not _is_ordinary(key)}
    return {*_forms(keys), *_basic(keys, users)}


def places() -> tuple[Path, ...]:
    """Return the directories in which clients of Kaggle keep credentials."""
    chosen, config = os.environ.get("KAGGLE_CONFIG_DIR"), os.environ.get("XDG_CONFIG_HOME")
    found = [Path(chosen)] if chosen else []
    with contextlib.suppress(RuntimeError):  # there is no home
        found += [Path("~/.kaggle").expanduser()]
        found += [(Path(config) if config else Path("~/.config").expanduser()) / "kaggle"]
    return tuple(found)


def is_key_like(text: str) -> bool:
    """Return whether a text looks like a token or a key, wherever it is written."""
    return _KEY_LIKE.fullmatch(text) is not None


def near(place: Path) -> Iterator[Path]:
    """Yield what is in a directory under the name of a credential's file, or one much like it."""
    yield from (path for name in FILES if exists(path := place / name))
    try:
        names = sorted(islice((each.name for each in os.scandir(place)), 10 * _MOST))
    except OSError:
        return
    yield from (place / name for name in names if name not in FILES and _NEAR.match(name))


def content(path: Path) -> bytes:
    """Return the first bytes of a file; none of what is no file or cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(_LONGEST)
    except (OSError, ValueError):  # no name of a file, for one
        return b""


def _texts() -> Iterator[str]:
    """Yield every text that is, or should be, a credential."""
    for variable in VARIABLES:
        value = os.environ.get(variable, "")
        within = content(Path(value)) if value else b""
        yield from _decoded(within) if within else (value,)
    for place in places():
        yield from _decoded(content(place))  # a file where the directory belongs
        for path in near(place):
            yield from _decoded(content(path))
            for below in near(path):
                yield from _decoded(content(below))


def _decoded(raw: bytes) -> Iterator[str]:
    """Yield a file's content in every encoding in which somebody may take it."""
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if raw.startswith(mark)), None)
    if marked:
        yield raw.decode(marked, "ignore")
    try:
        yield raw.decode()
    except UnicodeDecodeError:
        yield raw.decode("latin-1")
        yield raw.decode("cp1252", "ignore")
        yield raw.decode(errors="replace")
        yield raw.decode(errors="surrogateescape")
    if b"\0" in raw:
        yield raw.replace(b"\0", b"").decode("latin-1")


def _pieces(text: str, users: set[str]) -> Iterator[str]:
    """Yield a text, its lines, and what may be a secret in it; add names of accounts to `users`."""
    yield text
    bare = text.strip().strip("\ufeff\u200b").strip()
    yield bare
    lines = [line.strip() for line in _LINE_END.split(bare)]
    yield from lines
    try:
        leaves = list(_leaves(json.loads(bare), users)) if bare[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        leaves = None
    if leaves is not None:
        for leaf in leaves:
            yield from _pieces(leaf, users)
    else:
        yield from filter(_looks_random, _WORD.findall(bare))


def _leaves(value: object, users: set[str], name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, users, str(key))
    elif isinstance(value, list):
        for below in value:
            yield from _leaves(below, users, name)
    elif name == "username":
        users.add(str(value))
    elif name not in _ABOUT and value is not None:
        yield str(value)


def _user_pieces(user: str) -> Iterator[str]:
    """Yield what of an account's name may be a secret: nothing, unless it is no such name."""
    bare = user.strip().strip("\ufeff").strip()
    if bare and (is_key_like(bare) or not _USER_NAME.fullmatch(bare)):
        yield from islice(_pieces(user, set()), _MOST)


def _passwords() -> Iterator[str]:
    for name in _PROXIES:
        for value in (os.environ.get(name, ""), os.environ.get(name.upper(), "")):
            login, at, _ = value.partition("://")[2].rpartition("@")
            if at:
                password = login.partition(":")[2]
                yield from (login, unquote(login), password, unquote(password))
                yield base64.b64encode(_bytes(unquote(login))).decode()


def _forms(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces as they are, and as libraries write them into messages, requests and logs."""
    for piece in pieces:
        raw = _bytes(piece)
        shown = {piece, repr(piece)[1:-1], ascii(piece)[1:-1], repr(raw)[2:-1]}
        shown |= {json.dumps(piece)[1:-1], quote(raw), quote(raw, safe=""), quote_plus(raw)}
        shown |= {form.replace("'", "\\'") for form in shown}
        yield from filter(None, shown)


def _basic(keys: set[str], users: set[str]) -> Iterator[str]:
    """Headers of users and keys."""
    for pair in (f"{user}:{key}" for user in islice(users, _MOST_USERS) for key in keys):
        for raw in (_bytes(pair), pair.encode("latin-1", "replace")):
            yield base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def _is_ordinary(text: str) -> bool:
    bare = text.strip(" \"'").lower()
    return bare in _ORDINARY or PurePath(bare).name in FILES


def _looks_random(word: str) -> bool:
    return any(map(str.isdigit, word)) or len(word) >= 2 * _SHORTEST or not word.islower()


def exists(path: Path) -> bool:
    """Return whether something is there; what is too long for a file's name is not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
