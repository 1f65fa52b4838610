"""The only module that imports Kaggle's official client: its requests, its endpoints, its login.

It is imported when Kaggle is first asked, never before: without side effects, but not at once.
What the client does not do is added here: a timeout on every call, answers that are no JSON
recognised, links that expire handed out instead of followed. Nothing here tries twice.
"""

import enum
import importlib
import os
import re
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urljoin

import requests
from kagglesdk.kaggle_creds import KaggleCredentials
from kagglesdk.kaggle_env import KaggleEnv
from kagglesdk.kaggle_http_client import KaggleHttpClient
from kagglesdk.users.services.account_service import AccountClient
from requests.adapters import HTTPAdapter

from kaggle_prz.competitions.kaggle.client import unusable
from kaggle_prz.competitions.kaggle.credentials import Credentials
from kaggle_prz.competitions.kaggle.failures import Answer, UnreadableAnswerError
from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.installed_packages import own_version

TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of an answer
_AGENT = f"kaggle-prz/{own_version()}"
# Service -> the client's class of it.
_SERVICES = {
    "blobs": "BlobApiService",
    "competitions": "CompetitionApiService",
    "datasets": "DatasetApiService",
    "kernels": "KernelsApiService",
    "models": "ModelApiService",
}


class _InTime(HTTPAdapter):
    """Sends with a timeout, whoever forgot it."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        options["timeout"] = options.get("timeout") or TIMEOUT
        return super().send(request, **options)


class Http(KaggleHttpClient):  # type: ignore[misc] # the client ships no types
    """The official client with one credential, which it does not look for itself.

    Every method raises requests.RequestException, as `failures.kind_of` tells apart, and
    ClientError where the client is too old to know a request.
    """

    def __init__(self, credential: Credentials | None):
        self._credential = credential
        super().__init__(env=environment(), verbose=False, user_agent=_AGENT)

    def answer(self, service: str, method: str, **fields: object) -> Answer:
        """Return the JSON object that answers a request."""
        return _object(self._sent(self.request(service, method, **fields)))

    def content(self, service: str, method: str, **fields: object) -> bytes:
        """Return the file that answers a request, in memory; for small ones."""
        response = self._sent(self.request(service, method, **fields))
        if "html" in response.headers.get("Content-Type", ""):
            raise UnreadableAnswerError("a page", response=response)
        return response.content

    def link(
        self,
        service: str,
        method: str,
        *,
        timeout: tuple[float, float] | None = None,
        **fields: object,
    ) -> str:
        """Return the signed link that a request for a large file is redirected to."""
        request = self.request(service, method, **fields)
        options = {"allow_redirects": False, "stream": True, "timeout": timeout}
        with self._sent(request, **options) as response:
            if not response.is_redirect:
                raise UnreadableAnswerError("no link", response=response)
            return urljoin(str(request.url), response.headers["Location"])

    def request(self, service: str, method: str, **fields: object) -> requests.PreparedRequest:
        """Return a request of the official client, to be sent."""
        self._init_session()
        made = kind_of_request(method, service, fields)()
        kinds = {kind.field_name: kind for kind in made._fields}
        for field, value in fields.items():
            setattr(made, field, _typed(kinds[field], value))
        name = f"{service}.{_SERVICES[service]}"
        prepared: requests.PreparedRequest = self._prepare_request(name, method, made)
        return prepared

    def _sent(self, request: requests.PreparedRequest, **options: object) -> requests.Response:
        settings = self._session.merge_environment_settings(request.url, {}, None, None, None)
        response: requests.Response = self._session.send(request, **{**settings, **options})
        if not response.ok:
            _ = response.content  # what it says is wanted, and the connection is free again
        response.raise_for_status()
        return response

    def _init_session(self) -> None:
        if self._session is None:
            super()._init_session()
            _mount(cast(requests.Session, self._session))

    def _try_fill_auth(self) -> None:
        found = self._credential
        self._signed_in = found is not None
        if found is not None and found.kind == "key":
            self._session.auth = (found.user, found.secret)
        elif found is not None:
            self._session.auth = KaggleHttpClient.BearerAuth(found.secret)


def kind_of_request(method: str, service: str, fields: Collection[str] = ()) -> Any:
    """Return the client's type of a request; refuse a client that is too old to know it."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _SERVICES[service]).lower()
    types = importlib.import_module(f"kagglesdk.{service}.types.{snake}")
    kind = getattr(types, f"Api{method}Request", None)
    if kind is None or not {*fields} <= {each.field_name for each in kind._fields}:
        raise unusable(f"it lacks the request {method} in its present form")
    return kind


def environment() -> KaggleEnv:
    """Return the client's name of the place to ask: production, or this machine for tests.

    The official client takes every other `KAGGLE_API_ENVIRONMENT` for production.
    """
    named = os.environ.get("KAGGLE_API_ENVIRONMENT", "")
    if named == "LOCALHOST":
        return KaggleEnv.LOCAL
    if named in {"", "PROD"}:
        return KaggleEnv.PROD
    raise UsageError(
        f"KAGGLE_API_ENVIRONMENT must be LOCALHOST or PROD; received {named!r}, which Kaggle's "
        "client would take for PROD. Unset it."
    )


def _object(response: requests.Response) -> Answer:
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UnreadableAnswerError("not a JSON object", response=response)
    code = content.get("code")
    if isinstance(code, int) and code >= 400:
        raise requests.HTTPError("an error in an answer with status 200", response=response)
    return content


def storage() -> requests.Session:
    """Return a session for signed links, which takes no credential along."""
    session = requests.Session()
    session.auth = lambda request: request  # otherwise a .netrc would be asked
    session.headers.update({"User-Agent": _AGENT, "Accept-Encoding": "identity"})
    _mount(session)
    return session


def renewed(credential: Credentials) -> Credentials:
    """Return a login with a token that is valid, and keep the token in the login's file."""
    http = Http(None)
    http._init_session()
    login = KaggleCredentials(  # not from its file, which the client reads less patiently
        client=SimpleNamespace(users=SimpleNamespace(account_client=AccountClient(http))),
        refresh_token=credential.login["refresh_token"],
        username=credential.user,
        scopes=credential.login.get("scopes"),
    )
    mask = os.umask(0o077)  # the client makes the file readable by all, and closes it afterwards
    try:
        login.refresh_access_token()
    finally:
        os.umask(mask)
    return Credentials(
        credential.source, "token", user=credential.user, secret=login.get_access_token()
    )


def _mount(session: requests.Session) -> None:
    for scheme in ("http://", "https://"):
        session.mount(scheme, _InTime())


def _typed(kind: Any, value: object) -> object:
    """Return a value in the client's types: a member of an enumeration by its name, or objects."""
    nested = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(each, dict) for each in value)
    )
    named = isinstance(value, str) and isinstance(kind and kind.field_type, enum.EnumMeta)
    return kind.serializer.from_dict_value(kind.field_type, value) if nested or named else value
