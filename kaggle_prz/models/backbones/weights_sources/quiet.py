"""Clients that download weights, without their progress bars and notes."""

import contextlib
import io
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Keep what a client prints and logs off the screen."""
    named = [logging.getLogger(name) for name in loggers]
    before = [logger.disabled for logger in named]
    for logger in named:
        logger.disabled = True
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for logger, disabled in zip(named, before, strict=True):
            logger.disabled = disabled
