"""Whether a text can be a token, a key or a user's name, and in words why not."""

import re

from kaggle_prz.scrubbing import BYTE_ORDER_MARKS, is_key_like

_LONGEST = 8000  # characters; servers refuse longer headers
_QUOTES = frozenset("\"'`“”„‟‘’‚‛«»")
_AROUND = "\ufeff\u200b\u2060"  # marks without width, which editors leave
_ASSIGNED = re.compile(r"(?:export|set)\s|\$env:|\w+\s*=\s*\S", re.IGNORECASE)
_PADDED = re.compile(r"[\w+/-]+=*")


def decoded(raw: bytes) -> str:
    """Return the text of a file: UTF-8, or what its byte order mark says.

    Raises:
        UnicodeDecodeError: it is no such text.

    Example:
        >>> decoded("token".encode("utf-16"))
        'token'
    """
    marked = (name for mark, name in BYTE_ORDER_MARKS.items() if raw.startswith(mark))
    return raw.decode(next(marked, "utf-8"))


def bare(text: str) -> str:
    """Return a text without blanks, line ends and byte order marks around it.

    Example:
        >>> bare("\\ufefftoken\\r\\n")
        'token'
    """
    before = None
    while text != before:
        before, text = text, text.strip().strip(_AROUND)
    return text


def is_path(text: str) -> bool:
    """Return whether a text is the path of a file, by its beginning or its end."""
    return bool(re.match(r"~?[/\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\]", bare(text))) or bare(
        text
    ).lower().endswith((".json", ".txt", "access_token"))


def fault(text: str, what: str) -> str:
    """Return what is wrong with a value, such as `"has 2 lines"`; empty where it can be sent.

    Args:
        text: the value; what `bare` takes off does not count.
        what: `"user name"`, or another name of it.

    Example:
        >>> fault("a\\nb", "key"), fault("a-b", "key")
        ('has 2 lines', '')
    """
    text = bare(text)
    is_user = what == "user name"
    faults = {
        "is a piece of JSON": text[:1] in {"{", "["},
        "is an address": "://" in text,
        "begins with a word of its own, such as Bearer": re.match(r"(?i)(bearer|basic)\s", text),
        "is a whole line of a shell, and not the value alone": _ASSIGNED.match(text)
        and not _PADDED.fullmatch(text),
        f"has {len(text.splitlines())} lines": len(text.splitlines()) > 1,
        "has quotation marks around it": text[:1] in _QUOTES or text[-1:] in _QUOTES,
        "has quotation marks in it": _QUOTES & set(text),
        "has a control character in it": any(s.isascii() and not s.isprintable() for s in text),
        "has a space in it": any(sign.isspace() for sign in text),
        "has a letter that is not ASCII": not text.isascii(),
        "has a colon in it": is_user and ":" in text,
        "looks like a key; the two may be in each other's place": is_user and is_key_like(text),
        f"is too long, with {len(text):,} characters": len(text) > _LONGEST,
    }
    return next((told for told, is_so in faults.items() if is_so), "")
