"""No test reaches the real Kaggle: not this process, not the client, no process it starts."""

import os
import socket
import subprocess
import sys
import warnings

import pytest
import pytest_socket

from kaggle_prz.competitions.kaggle import Door, Patience, credentials, sdk
from kaggle_prz.core.errors import NoNetworkError

AWAY = ("192.0.2.1", 443)  # an address of documentation, RFC 5737
PRODUCTION = {"www.kaggle.com", "api.kaggle.com"}


def test_this_process_connects_to_this_machine_alone():
    warnings.simplefilter("ignore")  # pytest puts it back; some versions warn as well
    with socket.socket() as line, pytest.raises(pytest_socket.SocketConnectBlockedError):
        line.connect(AWAY)


def test_a_test_has_no_login():
    assert credentials() is None
    assert not [name for name in os.environ if name.startswith("KAGGLE_") and "PRZ" not in name]


def test_a_login_alone_leads_nowhere(monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "ann")
    monkeypatch.setenv("KAGGLE_KEY", "0" * 32)
    asked = []

    def stopped(host, *_, **__):
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "no names here")

    monkeypatch.setattr(socket, "getaddrinfo", stopped)
    with pytest.raises(NoNetworkError):
        Door(Patience(tries=1, offline_tries=1)).ask("GetSubmissionLimits", "Asking")
    assert set(asked) <= PRODUCTION  # a name is asked for, and nothing else leaves


def test_with_the_loopback_server_the_client_has_its_address(world):
    http = sdk.Http(world.source.door.credential)
    request = http.request("competitions", "GetCompetition", competition_name=world.slug)
    assert request.url.startswith("http://localhost/")
    settings = http._session.merge_environment_settings(request.url, {}, None, None, None)
    proxy = f"http://127.0.0.1:{world.server.port}"
    assert settings["proxies"]["http"] == proxy
    before = len(world.requests())
    world.source.door.ask("GetCompetition", "Asking", world.slug, competition_name=world.slug)
    assert len(world.requests()) == before + 1


@pytest.mark.parametrize("url", ["https://www.kaggle.com/api/v1", "https://api.kaggle.com/v1"])
def test_a_process_that_a_test_starts_asks_the_loopback_server_for_production(world, url):
    code = f"import requests; requests.get({url!r}, timeout=20)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ProxyError" in done.stderr
