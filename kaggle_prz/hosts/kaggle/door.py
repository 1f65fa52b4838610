"""The one door to Kaggle: asked once or with patience, answered with values or with sentences."""

import contextlib
import io
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from kaggle_prz.console import Console, Silent
from kaggle_prz.errors import PrzError
from kaggle_prz.hosts.kaggle import client, failures, mounts, places, words
from kaggle_prz.hosts.kaggle.credentials import Credentials, required
from kaggle_prz.hosts.kaggle.failures import kind_of
from kaggle_prz.hosts.kaggle.patience import Patience
from kaggle_prz.offline import EMBEDDED

if TYPE_CHECKING:
    from kaggle_prz.hosts.kaggle import wire

T = TypeVar("T")


class Door:
    """Asks Kaggle's interface.

    The client is imported, and a credential looked for, when something is first asked.

    Args:
        patience: how often and how long to try.
        console: hears of long waits.

    Example:
        ```python
        Door().ask("GetCompetition", "Reading the facts of", "dogs", competition_name="dogs")
        ```
    """

    def __init__(self, patience: Patience | None = None, console: Console | None = None):
        self.patience = patience or Patience()
        self.console = console or Silent()

    def ask(
        self, method: str, what: str, slug: str = "", service: str = "competitions", **fields: Any
    ) -> dict[str, Any]:
        """The answer to a request that may be repeated: one that reads, or prepares.

        Args:
            method: of the service, such as `"GetCompetition"`.
            what: a gerund for messages, which the slug follows.
            slug: the competition that it is about.
            service: `"competitions"`, `"kernels"`, `"datasets"`, `"models"` or `"blobs"`.
            **fields: of the request, in the official client's names.

        Raises:
            HostError: and its children; CompetitionNotFoundError for an unknown slug.
        """
        return self.patiently(lambda: self.once(method, service, **fields), what, slug)

    def once(self, method: str, service: str = "competitions", **fields: Any) -> dict[str, Any]:
        """The answer to a request that is sent exactly once, its failures as they come."""
        answer: dict[str, Any] = self._wire.answer(self._http, service, method, **fields)
        return answer

    def content(self, method: str, service: str = "competitions", **fields: Any) -> bytes:
        """A small file that answers a request, asked for once, failures as they come."""
        content: bytes = self._wire.content(self._http, service, method, **fields)
        return content

    def link(self, method: str, service: str = "competitions", **fields: Any) -> str:
        """A signed link to a large file, asked for once, failures as they come."""
        link: str = self._wire.link(self._http, service, method, **fields)
        return link

    def check_client(self, methods: Iterable[str], service: str = "competitions") -> None:
        """Refuse a client that does not know some requests; asks no network.

        Raises:
            ClientError: it does not load, or is too old for them.
        """
        for method in methods:
            self._wire.kind_of_request(method, service)

    def clock_error(self) -> timedelta:
        """How far this machine's clock is ahead of Kaggle's, which is asked for it.

        Raises:
            HostError: and its children: Kaggle does not answer, or not this login.
        """
        said = self.patiently(lambda: self._wire.date(self._http), "Asking Kaggle")
        return failures.ahead_of(said)

    @cached_property
    def storage(self) -> requests.Session:
        """A session for signed links: no credential, a timeout on every call."""
        session: requests.Session = self._wire.storage()
        return session

    def patiently(self, do: Callable[[], T], what: str, slug: str = "") -> T:
        """The value of `do()`, tried again while that helps; its failure as a sentence."""
        return self.told(lambda: self.patience.call(do, self.console), what, slug)

    def told(self, do: Callable[[], T], what: str, slug: str = "") -> T:
        """The value of `do()`; a failure of the network or of Kaggle as a sentence."""
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
        """A failure of the network or of Kaggle as a sentence."""
        return words.sentence(error, self._asked(error, what, slug))

    @property
    def private(self) -> tuple[str, ...]:
        """What no message, log or receipt may hold."""
        return self.credential.private

    @cached_property
    def credential(self) -> Credentials:
        """What Kaggle is asked with; a login's token is renewed where it has ended.

        Raises:
            CredentialsError: there is none.
        """
        found = required()
        if not found.has_ended:
            return found
        renewed: Credentials = self.told(
            lambda: self.patience.call(lambda: self._wire.renewed(found), self.console),
            f"Renewing {found.source}",
        )
        return renewed

    @cached_property
    def _wire(self) -> Any:
        # The client may print while it is imported; that is not for our standard output.
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                from kaggle_prz.hosts.kaggle import wire
        except ImportError as error:
            raise client.unusable(f"it does not load ({error})") from None
        return wire

    @cached_property
    def _http(self) -> "wire.Http":
        self._wire.environment()
        http: wire.Http = self._wire.Http(self.credential)
        return http

    def _asked(self, failure: BaseException, what: str, slug: str) -> words.Asked:
        known = self.__dict__.get("credential") or required()
        like: tuple[str, ...] = ()
        if slug and kind_of(failure) == "unknown":
            like = self._like(slug)
        return words.Asked(
            what, slug, known.source, known.private, like, mounted=mounts.in_kernel()
        )

    def _like(self, slug: str) -> tuple[str, ...]:
        """Names of competitions that are much like a name that is not known."""
        import difflib

        known = {*places.known(), *EMBEDDED}
        with contextlib.suppress(requests.RequestException, OSError):
            found = self.once("ListCompetitions", search=max(slug.split("-"), key=len))
            refs = [str(each.get("ref", "")) for each in found.get("competitions") or []]
            known |= {ref.rstrip("/").rpartition("/")[2] for ref in refs}
        return tuple(difflib.get_close_matches(slug, sorted(known - {slug}), n=2))
