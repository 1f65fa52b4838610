"""The one door to Kaggle: asked once or with patience, answered with values or with sentences."""

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import requests

from kaggle_prz.competitions.embedded.source import near
from kaggle_prz.competitions.kaggle import failures, paths
from kaggle_prz.competitions.kaggle.credentials import Credentials, required
from kaggle_prz.competitions.kaggle.failures import Answer, kind_of
from kaggle_prz.competitions.kaggle.retry import Patience
from kaggle_prz.core import installed_packages
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import HostError, PrzError, SubmissionError

if TYPE_CHECKING:
    from kaggle_prz.competitions.kaggle import sdk

T = TypeVar("T")
_PACKAGE, _CLIENT = "kagglesdk", "kaggle"
_PAGE, _PAGES = 100, 1000  # rows; at most so many pages


class ClientError(HostError):
    """Kaggle's client is not installed, or in a version that requests cannot be made with."""


class Door:
    """Asks Kaggle's interface, with patience; the console hears of long waits.

    The client is imported, and a credential looked for, when something is first asked.
    """

    def __init__(self, patience: Patience | None = None, console: Console | None = None):
        self.patience = patience or Patience()
        self.console = console or Silent()

    def ask(
        self,
        method: str,
        what: str,
        slug: str = "",
        service: str = "competitions",
        **fields: object,
    ) -> Answer:
        """Return the answer to a request that may be repeated: one that reads, or prepares.

        `what` is a gerund for messages, which the slug follows; `fields` have the client's names.
        """
        return self.patiently(lambda: self.once(method, service, **fields), what, slug)

    def pages(
        self,
        method: str,
        what: str,
        slug: str = "",
        service: str = "competitions",
        **fields: object,
    ) -> Iterator[Answer]:
        """Yield the pages of an answer, as `ask` does."""
        token = ""
        for _ in range(_PAGES):
            found = {**fields, "page_size": _PAGE, "page_token": token}
            answer = self.patiently(partial(self.once, method, service, **found), what, slug)
            yield answer
            token = str(answer.get("nextPageToken") or "")
            if not token:
                return

    def once(self, method: str, service: str = "competitions", **fields: object) -> Answer:
        """Return the answer to a request that is sent exactly once; raise failures as they come."""
        return self.http.answer(service, method, **fields)

    def tried(self, do: Callable[[], T]) -> T | requests.RequestException:
        """Return the value of `do()`, or its failure.

        A failure is to be raised outside of a handler, as a sentence: it holds a request, and that
        a credential.
        """
        try:
            return do()
        except requests.RequestException as error:
            return error

    def check_client(self, methods: Iterable[str], service: str = "competitions") -> None:
        """Refuse a client that cannot make some requests; asks no network."""
        check_versions()
        for method in methods:
            self._wire.kind_of_request(method, service)

    @cached_property
    def storage(self) -> requests.Session:
        """A session for signed links: no credential, a timeout on every call."""
        session: requests.Session = self._wire.storage()
        return session

    def patiently(self, do: Callable[[], T], what: str, slug: str = "") -> T:
        """Return the value of `do()`, tried again while that helps, as `explained` does."""
        return self.explained(lambda: self.patience.call(do, self.console), what, slug)

    def explained(self, do: Callable[[], T], what: str, slug: str = "") -> T:
        """Return the value of `do()`; raise a failure of the network or of Kaggle as a sentence."""
        try:
            return do()
        except requests.RequestException as error:
            failure: BaseException = error
        except OSError as error:
            if kind_of(error) != "full":
                raise
            failure = error
        # Raised outside of the handler: the failure holds a request, and that a credential.
        raise self.failure(failure, what, slug)

    def failure(self, error: BaseException, what: str, slug: str = "") -> PrzError:
        """Return a failure of the network or of Kaggle as a sentence."""
        known = self.__dict__.get("credential") or required()
        found = known.source, known.private, near(slug)
        return failures.sentence(error, failures.Asked(what, slug, *found, paths.in_kernel()))

    def refusal(self, error: BaseException, what: str, slug: str) -> PrzError:
        """Return a failure while something is submitted as a sentence."""
        failure = self.failure(error, what, slug)
        return SubmissionError(str(failure)) if kind_of(error) == "refused" else failure

    @property
    def private(self) -> tuple[str, ...]:
        """What no message, log or receipt may hold."""
        return self.credential.private

    @cached_property
    def credential(self) -> Credentials:
        """What Kaggle is asked with; a login's token is renewed where it has expired."""
        found = required()
        if not found.has_ended:
            return found
        renewed: Credentials = self.patiently(
            lambda: self._wire.renewed(found), f"Renewing {found.source}"
        )
        return renewed

    @cached_property
    def _wire(self) -> ModuleType:
        # The client may print while it is imported; that is not for our standard output.
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                from kaggle_prz.competitions.kaggle import sdk
        except ImportError as error:
            raise unusable(f"it cannot be imported ({error})") from None
        return sdk

    @cached_property
    def http(self) -> "sdk.Http":
        """The official client, which sends a request exactly once."""
        self._wire.environment()
        http: sdk.Http = self._wire.Http(self.credential)
        return http


def check_versions() -> None:
    """Refuse a client in another version than `kaggle` wants."""
    for each in installed_packages.contradictions([_CLIENT]):
        if each.wanted == _PACKAGE:
            raise unusable(each.sentence)


def unusable(reason: str) -> ClientError:
    """Return the error of a client that cannot be used, for a reason without a full stop."""
    return ClientError(
        f"Kaggle's client cannot be used: {reason}. Repair it with: pip install --upgrade {_CLIENT}"
    )
