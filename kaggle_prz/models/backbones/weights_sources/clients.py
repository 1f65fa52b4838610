"""Clients that download weights: without their progress bars, and never waiting for ever."""

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

_LOGGERS = ("kagglehub", "huggingface_hub", "absl")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what clients print and log off the screen."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled


@contextlib.contextmanager
def impatient(seconds: float) -> Iterator[None]:
    """Give up a connection that is silent: kagglehub asks Kaggle without a timeout."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def in_time(
        self: HTTPAdapter,
        request: "requests.PreparedRequest",
        stream: bool = False,
        timeout: object = None,
        **more: object,
    ) -> "requests.Response":
        return send(self, request, stream, timeout or seconds, **more)  # type: ignore[arg-type]

    HTTPAdapter.send = in_time  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        HTTPAdapter.send = send  # type: ignore[method-assign]


def said(error: BaseException) -> str:
    """Return why a client failed, on one line."""
    import requests

    text = " ".join(str(error).split())
    if "objects could not be loaded" in text or "Layer count mismatch" in text:
        return "its layers are those of another network"
    if "NameResolution" in text or "Name or service not known" in text:
        return "no network: the name of its host cannot be resolved"
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}".strip()
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    short = f"{text[:200].rpartition(' ')[0]} …" if len(text) > 200 else text
    return f"{type(error).__name__}: {short}"
