"""Ctrl-C that is not lost: libraries swallow a KeyboardInterrupt that meets them in a callback."""

import signal

_asked = False


def listen() -> None:
    """Take Ctrl-C and a request to terminate as a KeyboardInterrupt, and remember it."""
    global _asked  # noqa: PLW0603 - a process has one
    _asked = False
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as a shell's `&` may have it
        signal.signal(signal.SIGINT, _interrupt)


def check() -> None:
    """Raise KeyboardInterrupt here, if an interrupt was asked for and did not arrive."""
    if _asked:
        raise KeyboardInterrupt


def asked() -> bool:
    """Return whether an interrupt was asked for, since `listen`."""
    return _asked


def _interrupt(*_: object) -> None:
    global _asked  # noqa: PLW0603
    _asked = True
    raise KeyboardInterrupt
