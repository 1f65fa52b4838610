"""Failures of Kaggle and of the network -> sentences that say what to do."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kaggle_prz.console import duration
from kaggle_prz.errors import (
    CompetitionNotFoundError,
    CredentialsError,
    DiskFullError,
    HostError,
    NoNetworkError,
    PrzError,
    RulesNotAcceptedError,
    printable,
)
from kaggle_prz.hosts.kaggle import failures
from kaggle_prz.hosts.kaggle.credentials import SETTINGS
from kaggle_prz.hosts.kaggle.slugs import page
from kaggle_prz.scrubbing import scrubbed

_WRONG_CLOCK = timedelta(minutes=5)
_AGAIN = "Run the same command again to go on."


@dataclass(frozen=True)
class Asked:
    """What was asked of Kaggle, as sentences need it.

    Attributes:
        what: a gerund that the slug follows, such as `"Reading the leaderboard of"`.
        slug: the competition; empty where it was about none.
        source: where the credential is from.
        private: texts that no message may hold.
        like: competitions that might have been meant.
        mounted: whether this is a kernel, where data is attached instead of downloaded.
    """

    what: str
    slug: str = ""
    source: str = "nowhere"
    private: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    mounted: bool = False


def sentence(error: BaseException, asked: Asked) -> PrzError:
    """The error that tells a user what went wrong and what to do; holds no secret.

    Example:
        >>> import requests
        >>> print(sentence(requests.ReadTimeout(), Asked("Reading the leaderboard of", "dogs")))
        Reading the leaderboard of 'dogs' failed: Kaggle did not answer in time. Run the same \
command again to go on.
    """
    kind = failures.kind_of(error)
    make = {
        "credentials": _credentials,
        "forbidden": _forbidden,
        "unknown": _unknown,
        "limited": _limited,
        "offline": _offline,
        "full": _full,
    }.get(kind, _other)
    return make(error, asked)


def said_by_host(error: BaseException, asked: Asked, otherwise: str = "") -> str:
    """The host's own words in an answer that is an error."""
    response = getattr(error, "response", None)
    body = {} if response is None else failures.body_of(response)
    words = " ".join(str(body.get("message") or "").split())
    words += "." if words and words[-1] not in ".!?" else ""
    return printable(scrubbed(words, asked.private))[:500] or otherwise


def _begun(asked: Asked) -> str:
    about = f" {asked.slug!r}" if asked.slug else ""
    return f"{asked.what}{about} failed:"


def _credentials(error: BaseException, asked: Asked) -> PrzError:
    return CredentialsError(
        f"{_begun(asked)} Kaggle does not accept the credential from {asked.source} (401). "
        f"Make a new token at {SETTINGS} and put it there.{_clock(error)}"
    )


def _forbidden(error: BaseException, asked: Asked) -> PrzError:
    words = said_by_host(error, asked)
    said = f" Kaggle says: {words}" if words else ""
    if not asked.slug:
        return HostError(
            f"{_begun(asked)} Kaggle does not allow it to the account of {asked.source} "
            f"(403).{said}"
        )
    return RulesNotAcceptedError(
        f"{_begun(asked)} Kaggle refuses it (403).{said} Mostly the rules were not accepted yet, "
        f"which a person has to do in a browser: {page(asked.slug, 'rules')}. It may also have "
        "ended, be closed to this account, or have another name."
    )


def _unknown(error: BaseException, asked: Asked) -> PrzError:  # noqa: ARG001 - one signature
    if not asked.slug:
        return HostError(f"{_begun(asked)} Kaggle knows nothing of that name (404).")
    meant = f" Did you mean {' or '.join(map(repr, asked.like))}?" if asked.like else ""
    return CompetitionNotFoundError(
        f"Kaggle knows no competition {asked.slug!r} (404).{meant} The name is the last part of "
        "its address, https://www.kaggle.com/competitions/NAME."
    )


def _limited(error: BaseException, asked: Asked) -> PrzError:
    seconds = failures.retry_after(error)
    when = "in some minutes"
    if seconds is not None:
        # Whole minutes, rounded up, so that nobody comes a second too early.
        moment = datetime.now(UTC) + timedelta(minutes=math.ceil(seconds / 60))
        when = f"after {moment:%H:%M} UTC (in {duration(seconds)})"
    return HostError(
        f"{_begun(asked)} Kaggle asks this account for fewer requests (429). Run the same command "
        f"again {when}."
    )


def _offline(error: BaseException, asked: Asked) -> PrzError:  # noqa: ARG001 - one signature
    if asked.mounted:
        todo = (
            "In a kernel, attach the competition's data (Add Input), which needs no network, or "
            "turn the internet on in its settings."
        )
    else:
        todo = f"Check the connection. {_AGAIN} Competitions that were downloaded need none."
    return NoNetworkError(f"{_begun(asked)} there is no network: Kaggle cannot be found. {todo}")


def _full(error: BaseException, asked: Asked) -> PrzError:  # noqa: ARG001 - one signature
    return DiskFullError(
        f"{_begun(asked)} the disk is full, or a quota is reached. What has arrived is kept: make "
        "room, or name another home with KAGGLE_PRZ_HOME, and run the same command again."
    )


def _other(error: BaseException, asked: Asked) -> PrzError:
    kind, status = failures.kind_of(error), failures.status_of(error)
    words = said_by_host(error, asked)
    said = f" Kaggle says: {words}" if words else ""
    reasons = {
        "server": f"Kaggle has trouble of its own ({status}).{said} {_AGAIN}",
        "refused": f"Kaggle refuses the request ({status}).{said}",
        "page": "something that is not Kaggle's interface answered, such as a page of a login or "
        f"of maintenance. {_AGAIN}",
        "timeout": f"Kaggle did not answer in time. {_AGAIN}",
        "cut": f"the connection was cut, or refused. {_AGAIN}",
        "proxy": "the proxy that http_proxy or https_proxy names does not pass it on. Mend or "
        "unset them, and run the same command again.",
        "no_proxy": "http_proxy or https_proxy is no address that a request can be sent through, "
        "such as http://proxy.example:3128. Mend or unset it.",
        "certificate": "Kaggle's certificate is not accepted. A proxy that opens connections, or "
        "a clock that is wrong, does that; for a certificate of your own set REQUESTS_CA_BUNDLE.",
        "expired": "the links to the files that Kaggle gives are refused at once, as if their "
        f"time were over.{_clock(error)} {_AGAIN}",
    }
    reason = reasons.get(kind, f"{type(error).__name__}. {_AGAIN}")
    return HostError(f"{_begun(asked)} {reason}")


def _clock(error: BaseException) -> str:
    ahead = failures.clock_error(error)
    if abs(ahead) < _WRONG_CLOCK:
        return ""
    way = "ahead of" if ahead > timedelta(0) else "behind"
    seconds = abs(ahead).total_seconds()
    return f" This machine's clock is {duration(seconds)} {way} Kaggle's: set it first."
