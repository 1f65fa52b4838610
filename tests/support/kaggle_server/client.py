"""The official client, pointed at a loopback server and at nothing else."""

import contextlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def environment(home: Path, port: int, account: Mapping[str, str]) -> dict[str, str]:
    """Environment of a process in which the unmodified client talks to the server.

    `http_proxy` leads to it, and so does `https_proxy`: nothing reaches the real Kaggle.
    """
    home.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("KAGGLE_") and not name.lower().endswith("_proxy")
    }
    proxy = f"http://127.0.0.1:{port}"
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home),
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "KAGGLE_USERNAME": account["username"],
        "KAGGLE_KEY": account["key"],
        "http_proxy": proxy,
        "https_proxy": proxy,
    }


def api(port: int, account: Mapping[str, str], by: str = "key") -> Any:
    """A `KaggleApi` in this process, signed in by "key" or "token"."""
    with contextlib.redirect_stdout(io.StringIO()):  # the import prints help without credentials
        from kaggle.api.kaggle_api_extended import KaggleApi

    class LoopbackApi(KaggleApi):  # type: ignore[misc]
        def build_kaggle_client(self) -> Any:
            client = super().build_kaggle_client()
            # the environment's Kaggle is the real one; this cannot fall through to it
            client.http_client()._endpoint = f"http://127.0.0.1:{port}"
            return client

    made = LoopbackApi()
    made.config_values = {"username": account["username"]}
    if by == "key":
        made.config_values["key"] = account["key"]
    else:
        made.config_values["token"] = account["token"]
    made._authenticated = True
    return made
