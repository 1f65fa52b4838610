"""Signs that the encoding of standard output lacks are written as question marks."""

import io
import sys


def allow() -> None:
    """Let standard output write every sign; what the user has chosen for those it lacks stays."""
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper) and stream.errors in {"strict", "surrogateescape"}:
        stream.reconfigure(errors="replace")
