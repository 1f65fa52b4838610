"""What kind of failure an exception is, and whether it may pass by itself."""

import email.utils
import errno
import math
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import urllib3.exceptions

# "limited" and "server" are answers; the others are the network's, or no answer that is readable.
PASSING = frozenset({"limited", "server", "page", "timeout", "cut", "proxy", "offline", "expired"})
_OVER = {400, 401, 403, 404, 410}  # what a storage answers when a signed link is over
_STATUS = {401: "credentials", 403: "forbidden", 404: "unknown", 408: "server", 429: "limited"}
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

# The first kind that one of an error's causes belongs to: libraries wrap them into each other.
_CAUSES: dict[str, tuple[type[BaseException], ...]] = {
    "certificate": (requests.exceptions.SSLError,),
    "offline": (urllib3.exceptions.NameResolutionError, socket.gaierror),
    "timeout": (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError),
    "cut": (requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
}


_NO_ADDRESS = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)


class UnreadableAnswerError(requests.RequestException):
    """An answer with a status of success that is not what was asked for."""


class ExpiredLinkError(requests.RequestException):
    """A signed link is refused, most likely because its time is over."""


def kind_of(error: BaseException) -> str:
    """The kind of a failure, such as `"forbidden"`, `"timeout"` or `"cut"`.

    Example:
        >>> kind_of(requests.ReadTimeout())
        'timeout'
    """
    if isinstance(error, UnreadableAnswerError | requests.exceptions.JSONDecodeError):
        return "page"
    if isinstance(error, ExpiredLinkError):
        return "expired"
    status = status_of(error)
    if status is not None:
        return _STATUS.get(status, "server" if status >= 500 else "refused")
    return _of_network(error)


def _of_network(error: BaseException) -> str:
    causes = list(_causes(error))
    if isinstance(error, OSError) and error.errno in _FULL:
        return "full"
    if any(isinstance(cause, OSError) and cause.errno in _UNREACHABLE for cause in causes):
        return "offline"
    if isinstance(error, _NO_ADDRESS):  # the only addresses that are not made here
        return "no_proxy"
    if _is_of_proxy(causes):
        return "proxy"
    kinds = (k for k, types in _CAUSES.items() if any(isinstance(c, types) for c in causes))
    return next(kinds, "other")


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    return kind_of(error) in PASSING


def status_of(error: BaseException) -> int | None:
    """The HTTP status of an answer that is an error; some say it in a body with status 200."""
    response = getattr(error, "response", None)
    if not isinstance(error, requests.HTTPError) or response is None:
        return None
    if response.status_code >= 400:
        return int(response.status_code)
    code = body_of(response).get("code")
    return code if isinstance(code, int) else 500


def body_of(response: requests.Response) -> dict[str, Any]:
    """A JSON answer's content; empty where it has none."""
    try:
        content = response.json()
    except (ValueError, requests.RequestException, RuntimeError):
        return {}
    return content if isinstance(content, dict) else {}


def retry_after(error: BaseException) -> float | None:
    """Seconds that the host asks to wait, or None."""
    response = getattr(error, "response", None)
    if response is None:
        return None
    said = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(said)
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    except ValueError:
        pass
    moment = _date(said)
    if moment is None:
        return None
    # By the host's own clock: this machine's may be wrong.
    now = _date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max((moment - now).total_seconds(), 0.0)


def check_stored(response: requests.Response) -> None:
    """Whether the storage behind a signed link did what it was asked for.

    Raises:
        ExpiredLinkError: the link's time is over.
        UnreadableAnswerError: it answers with a page.
        requests.HTTPError: another status of failure.
    """
    if response.status_code in _OVER:
        raise ExpiredLinkError("a link whose time is over", response=response)
    response.raise_for_status()
    if "html" in response.headers.get("Content-Type", ""):
        raise UnreadableAnswerError("a page", response=response)


def clock_error(error: BaseException) -> timedelta:
    """How far this machine's clock is ahead of the host's; zero where that cannot be told."""
    response = getattr(error, "response", None)
    return timedelta(0) if response is None else ahead_of(response.headers.get("Date", ""))


def ahead_of(date: str) -> timedelta:
    """How far this machine's clock is ahead of a `Date` header; zero where that is none."""
    theirs = _date(date)
    return datetime.now(UTC) - theirs if theirs else timedelta(0)


def _date(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what its library wrapped into it."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]


def _is_of_proxy(causes: list[BaseException]) -> bool:
    """Whether a proxy itself fails; what is lost behind it looks alike at first."""
    if not any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        return False
    refused = any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes)
    return refused or any("Tunnel connection failed" in str(cause) for cause in causes)
