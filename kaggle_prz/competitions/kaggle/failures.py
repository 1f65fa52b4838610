"""Failures of Kaggle and of the network: their kind, and a sentence that says what to do."""

import email.utils
import errno
import math
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import requests
import urllib3.exceptions

from kaggle_prz.competitions.kaggle.credentials import SETTINGS
from kaggle_prz.competitions.kaggle.slugs import page
from kaggle_prz.core.console import duration
from kaggle_prz.core.errors import (
    CompetitionNotFoundError,
    CredentialsError,
    DiskFullError,
    HostError,
    NoNetworkError,
    PrzError,
    RulesNotAcceptedError,
    printable,
)
from kaggle_prz.core.process.leaving import chain
from kaggle_prz.core.process.scrubbing import scrubbed

Answer: TypeAlias = dict[str, Any]  # a JSON object of Kaggle's, in which everything may be missing

# "limited" and "server" are answers; the others are the network's, or no answer that is readable.
PASSING = frozenset({"limited", "server", "page", "timeout", "cut", "proxy", "offline", "expired"})
_OVER = {400, 401, 403, 404, 410}  # what a storage answers when a signed link has expired
_STATUS = {401: "credentials", 403: "forbidden", 404: "unknown", 408: "server", 429: "limited"}
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_ADDRESS = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)
_AGAIN = "Run the same command again to continue."

# The first kind that one of an error's causes belongs to: libraries wrap them into each other.
_CAUSES: dict[str, tuple[type[BaseException], ...]] = {
    "certificate": (requests.exceptions.SSLError,),
    "offline": (urllib3.exceptions.NameResolutionError, socket.gaierror),
    "timeout": (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError),
    "cut": (requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
}


class UnreadableAnswerError(requests.RequestException):
    """An answer with a status of success that is not what was asked for."""


class ExpiredLinkError(requests.RequestException):
    """A signed link that is refused, most likely because it has expired."""


@dataclass(frozen=True)
class Asked:
    """What was asked of Kaggle, as sentences need it."""

    what: str  # a gerund that the slug follows, such as `"Reading the leaderboard of"`
    slug: str = ""
    source: str = "nowhere"  # of the credential
    private: tuple[str, ...] = ()  # what no message may hold
    like: str = ""  # an embedded competition that may be meant
    mounted: bool = False


def kind_of(error: BaseException) -> str:
    """Return the kind of a failure, such as `"forbidden"`, `"timeout"` or `"cut"`."""
    if isinstance(error, UnreadableAnswerError | requests.exceptions.JSONDecodeError):
        return "page"
    if isinstance(error, ExpiredLinkError):
        return "expired"
    status = status_of(error)
    if status is not None:
        return _STATUS.get(status, "server" if status >= 500 else "refused")
    return _of_network(error)


def _of_network(error: BaseException) -> str:
    causes = list(chain(error))
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


def status_of(error: BaseException) -> int | None:
    """Return the status of an answer that is an error, which some give in the body alone."""
    if not isinstance(error, requests.HTTPError) or error.response is None:
        return None
    if error.response.status_code >= 400:
        return int(error.response.status_code)
    code = _body(error).get("code")
    return code if isinstance(code, int) else 500


def _body(error: BaseException) -> Answer:
    """Return the JSON object of an answer that is an error; empty where it has none."""
    response = getattr(error, "response", None)
    try:
        content = {} if response is None else response.json()
    except (ValueError, requests.RequestException, RuntimeError):
        return {}
    return content if isinstance(content, dict) else {}


def _header(error: BaseException, name: str) -> str:
    response = getattr(error, "response", None)
    return "" if response is None else str(response.headers.get(name, "")).strip()


def retry_after(error: BaseException) -> float | None:
    """Return the seconds that the host asks to wait, or None."""
    said = _header(error, "Retry-After")
    try:
        seconds = float(said)
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    except ValueError:
        moment = _date(said)
    # By the host's own clock: this machine's may be wrong.
    now = _date(_header(error, "Date")) or datetime.now(UTC)
    return max((moment - now).total_seconds(), 0.0) if moment else None


def check_stored(response: requests.Response) -> None:
    """Refuse an answer of the storage behind a signed link that is not what was asked for."""
    if response.status_code in _OVER:
        raise ExpiredLinkError("a link that has expired", response=response)
    response.raise_for_status()
    if "html" in response.headers.get("Content-Type", ""):
        raise UnreadableAnswerError("a page", response=response)


def _date(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_of_proxy(causes: list[BaseException]) -> bool:
    """Return whether a proxy itself fails; what is lost behind it looks alike at first."""
    if not any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        return False
    refused = any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes)
    return refused or any("Tunnel connection failed" in str(cause) for cause in causes)


def sentence(error: BaseException, asked: Asked) -> PrzError:
    """Return the error that says what went wrong and what to do; it holds no secret."""
    kind, about = kind_of(error), f" {asked.slug!r}" if asked.slug else ""
    if kind == "unknown" and asked.slug:
        meant = f" Did you mean {asked.like!r}?" if asked.like else ""
        return CompetitionNotFoundError(
            f"Kaggle has no competition {asked.slug!r} (404).{meant} The name is the last part "
            "of the URL, https://www.kaggle.com/competitions/NAME."
        )
    types: dict[str, type[PrzError]] = {
        "credentials": CredentialsError,
        "forbidden": RulesNotAcceptedError if asked.slug else HostError,
        "offline": NoNetworkError,
        "full": DiskFullError,
    }
    return types.get(kind, HostError)(f"{asked.what}{about} failed: {_reason(kind, error, asked)}")


def _reason(kind: str, error: BaseException, asked: Asked) -> str:
    words, status = _words(error, asked), status_of(error)
    said = f" Kaggle says: {words}" if words else ""
    forbidden = (
        f"Kaggle refuses the request (403).{said} Most often the rules are not accepted yet. "
        f"Accept them in a browser: {page(asked.slug, 'rules')}. The competition may also have "
        "ended, be closed to your account, or have another name."
        if asked.slug
        else f"Kaggle refuses the request for the account of {asked.source} (403).{said}"
    )
    connect = (
        "In a kernel, attach the competition's data (Add Input), which needs no network, or "
        "turn on the internet in its settings."
        if asked.mounted
        else (
            f"Check the connection. {_AGAIN} Competitions that were downloaded before need "
            "no network."
        )
    )
    reasons = {
        "credentials": f"Kaggle does not accept the credential from {asked.source} (401). "
        f"Make a new token at {SETTINGS} and put it there. Check "
        "this machine's clock, too.",
        "forbidden": forbidden,
        "unknown": "Kaggle has nothing with that name (404).",
        "limited": "Kaggle limits the requests of your account (429). Run the same command "
        f"again {_when(retry_after(error))}.",
        "offline": f"there is no network: Kaggle's host name cannot be resolved. {connect}",
        "full": "the disk or a quota is full. What was downloaded is kept. Free some space, or "
        "set KAGGLE_PRZ_HOME to another directory, and run the same command again.",
        "server": f"Kaggle has an internal error ({status}).{said} {_AGAIN}",
        "refused": f"Kaggle refuses the request ({status}).{said}",
        "page": "the answer is not from Kaggle's API, but for example a login or maintenance "
        f"page. {_AGAIN}",
        "timeout": f"Kaggle did not answer in time. {_AGAIN}",
        "cut": f"the connection was refused or interrupted. {_AGAIN}",
        "proxy": "the proxy in http_proxy or https_proxy does not forward the request. Correct "
        "or unset these variables, and run the same command again.",
        "no_proxy": "http_proxy or https_proxy is not a usable proxy address such as "
        "http://proxy.example:3128. Correct or unset it.",
        "certificate": "Kaggle's certificate is not accepted. Possible causes are a proxy that "
        "decrypts connections, and a wrong clock. If the proxy has its own "
        "certificate, set REQUESTS_CA_BUNDLE.",
        "expired": "Kaggle's links to the files are refused at once, as if they had expired. "
        f"Check this machine's clock. {_AGAIN}",
    }
    return reasons.get(kind, f"{type(error).__name__}. {_AGAIN}")


def _words(error: BaseException, asked: Asked) -> str:
    """Return the host's own words in an answer that is an error."""
    words = " ".join(str(_body(error).get("message") or "").split())
    words += "." if words and words[-1] not in ".!?" else ""
    return printable(scrubbed(words, asked.private))[:500]


def _when(seconds: float | None) -> str:
    if seconds is None:
        return "in a few minutes"
    # Whole minutes, rounded up, so that nobody comes a second too early.
    moment = datetime.now(UTC) + timedelta(minutes=math.ceil(seconds / 60))
    return f"after {moment:%H:%M} UTC (in {duration(seconds)})"
