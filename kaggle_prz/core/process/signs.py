"""Signs outside of ASCII on streams whose encoding lacks them: written as people type them."""

import codecs
import unicodedata
from typing import TextIO

HANDLER = "kaggle_prz.typed"
# What a stream does with a sign that it lacks where nobody has chosen: it fails, or writes codes.
_NOT_CHOSEN = {"strict", "surrogateescape", "backslashreplace"}
_TYPED = {
    "×": "x",
    "÷": "/",
    "…": "...",
    "→": "->",
    "←": "<-",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "≈": "~",
    "±": "+-",
    "°": " deg",
    **dict.fromkeys("·•–—−", "-"),
    **dict.fromkeys("‘’‚‛", "'"),
    **dict.fromkeys("“”„‟«»", '"'),
    # Bars, tables and spinners of rich.
    **dict.fromkeys("━╸╺─", "-"),
    "═": "=",
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼┏┓┗┛┡┩╇┿╭╮╯╰", "+"),
    **dict.fromkeys("█▉▊▋▌▍▎▏■", "#"),
}


def typed(sign: str) -> str:
    """Return a sign in ASCII: as it is typed, a letter without its accent, or its code.

    Example:
        >>> typed("×"), typed("é"), typed("日")
        ('x', 'e', '\\\\u65e5')
    """
    plain = _TYPED.get(sign)
    if plain is None:
        plain = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return plain or sign.encode("ascii", "backslashreplace").decode()


def written(text: str, encoding: str | None) -> str:
    """Return a text as a stream of that encoding writes it; of none means UTF-8.

    Example:
        >>> written("128 → 192 px", "ascii"), written("128 → 192 px", "utf-8")
        ('128 -> 192 px', '128 → 192 px')
    """
    encoding = encoding or "utf-8"
    return text.encode(encoding, HANDLER).decode(encoding)


def allow(stream: TextIO | None) -> None:
    """Let a stream write every sign, in its own encoding.

    What a user has chosen for signs that it lacks, as `PYTHONIOENCODING=ascii:replace` does, stays.
    """
    set_up = getattr(stream, "reconfigure", None)
    if set_up is not None and getattr(stream, "errors", "") in _NOT_CHOSEN:
        set_up(errors=HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(typed, error.object[error.start : error.end])), error.end


codecs.register_error(HANDLER, _replace)
