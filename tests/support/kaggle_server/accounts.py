"""Who calls: one made-up account, by Basic or Bearer."""

import base64
import hmac
from typing import Any

from .answers import Refusal
from .state import State


def check(state: State, authorization: str | None) -> None:
    """Let the account in.

    Raises:
        Refusal: 401 for anybody else.
    """
    account = state.data["account"]
    pair = f"{account['username']}:{account['key']}".encode()
    allowed = (f"Basic {base64.b64encode(pair).decode()}", f"Bearer {account['token']}")
    given = (authorization or "").encode()
    if not any(hmac.compare_digest(given, each.encode()) for each in allowed):
        raise Refusal(401, "Unauthenticated")


def introspect(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """`security.OAuthService/IntrospectToken`: whose a token is, and whether it is valid."""
    account = state.data["account"]
    active = body.get("token") == account["token"]
    return {"active": True, "username": account["username"]} if active else {"active": False}
