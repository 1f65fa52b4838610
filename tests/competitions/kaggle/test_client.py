"""The door: no side effects, no secrets, patience, and sentences."""

import logging
import os
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.toys import Recorder

from kaggle_prz.competitions.kaggle import (
    Door,
    KaggleSource,
    credentials,
    failures,
    metadata,
    paths,
    retry,
)
from kaggle_prz.competitions.kaggle.retry import Patience
from kaggle_prz.core.errors import (
    CompetitionNotFoundError,
    CredentialsError,
    HostError,
    NoNetworkError,
    PrzError,
    UsageError,
)

ASKED = failures.Asked("Reading the leaderboard of", "dogs", "the file X", ("s3cret",))


def answer(status: int, body: bytes = b"", **headers: str) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    response._content = body
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return requests.HTTPError("https://x/?signature=s3cret", response=response)


def http_date(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_the_client_is_not_imported_before_it_is_asked():
    code = (
        "import sys, kaggle_prz.competitions as h; h.find('x-y')\n"
        "print(sorted({'kaggle', 'kagglesdk', 'kagglehub'} & set(sys.modules)))"
    )
    environment = os.environ | {"KAGGLE_API_TOKEN": "made-up"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_asking_prints_nothing_and_leaves_no_trace(world, monkeypatch, capsys, tmp_path, caplog):
    monkeypatch.setenv("VERBOSE", "1")
    monkeypatch.setenv("VERBOSE_OUTPUT", "1")
    with caplog.at_level(logging.DEBUG):
        world.about()
    told = "".join(capsys.readouterr()) + caplog.text
    assert "Authorization" not in told
    assert not any(secret in told for secret in world.server.account.values())
    assert not list((tmp_path / "user-home").iterdir())


def test_only_the_client_without_side_effects_is_imported(world):
    world.about()
    assert "kagglesdk" in sys.modules


@pytest.mark.parametrize("name", ["TEST", "LOCAL", "localhost", "STAGING", "x"])
def test_an_environment_that_would_become_production_is_refused(monkeypatch, name):
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", name)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    with pytest.raises(UsageError, match=f"received '{name}'"):
        Door().ask("GetCompetition", "Reading the facts of", "dogs", competition_name="dogs")


def test_without_a_login_nothing_is_asked():
    with pytest.raises(CredentialsError, match="There is no credential"):
        _ = KaggleSource("dogs").about


def test_a_wrong_key_is_told_with_its_source(world, monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", "wrong-key")
    with pytest.raises(CredentialsError, match=r"KAGGLE_USERNAME and KAGGLE_KEY \(401\)") as caught:
        world.about()
    assert "wrong-key" not in "".join(traceback.format_exception(caught.value))


def test_a_token_serves_as_well(world, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", world.server.account["token"])
    assert world.about().title == "Leaves"
    assert world.requests()[-1]["authorization"] == "Bearer"


def test_an_unknown_slug_may_mean_an_embedded_competition(world):
    with pytest.raises(CompetitionNotFoundError, match="Did you mean 'shapes'"):
        world.about("shape")


def test_every_call_has_a_timeout(world, monkeypatch):
    seen = []
    send = requests.adapters.HTTPAdapter.send

    def spy(self, request, **options):
        seen.append(options["timeout"])
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", spy)
    world.source.download()
    world.source.wait(world.source.submit(world.csv, ""))
    world.source.standings()
    assert len(seen) >= 10
    assert set(seen) == {(5.0, 5.0)}


def test_facts_serve_for_an_hour_and_then_where_kaggle_is_away(world, monkeypatch):
    world.about()
    world.about()
    assert len(world.requests("GetCompetition")) == 1
    monkeypatch.setattr(metadata, "_FRESH", 0.0)
    world.change(title="New")
    assert world.about().title == "New"
    world.server.faults.add("GetCompetition", 503, times=0)
    assert world.about().title == "New"
    with pytest.raises(HostError):
        world.about("another-one")


def test_facts_name_no_account(world):
    world.about()
    text = (metadata.paths.state(world.slug) / "facts.json").read_text()
    assert not any(secret in text for secret in world.server.account.values())


@pytest.mark.parametrize("deadline", ["", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00"])
def test_facts_know_whether_it_is_over(deadline):
    read = metadata.read("dogs", {"deadline": deadline, "isKernelsSubmissionsOnly": True})
    assert read.has_ended is deadline.startswith("2020")
    assert read.kernels_only
    assert not read.disabled


def test_retries_wait_longer_and_longer(waits):
    calls = iter([requests.ConnectionError(), requests.ReadTimeout(), answer(502), None])

    def do() -> str:
        error = next(calls)
        if error:
            raise error
        return "done"

    assert Patience().call(do) == "done"
    assert [0.5 <= waits[0] <= 1, 1 <= waits[1] <= 2, 2 <= waits[2] <= 4] == [True] * 3


def test_a_wait_that_is_asked_for_is_kept(waits):
    errors = iter([answer(429, Retry_After="40"), None])
    console = Recorder()

    def do() -> None:
        error = next(errors)
        if error:
            raise error

    Patience().call(do, console)
    assert waits == [40.0]
    assert console.lines == ["No usable answer from Kaggle (limited); trying again in 40 s."]


@pytest.mark.parametrize("error", [answer(400), answer(401), answer(429, Retry_After="3600")])
def test_what_does_not_pass_is_tried_once(waits, error):
    calls = []

    def do() -> None:
        calls.append(1)
        raise error

    with pytest.raises(requests.HTTPError):
        Patience().call(do)
    assert (len(calls), waits) == (1, [])


def test_no_network_at_all_is_told_soon(waits, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    calls = []

    def send(self, request, **options):
        calls.append(request.url)
        try:
            raise failures.socket.gaierror(-2, "Name or service not known")
        except OSError as cause:
            raise requests.ConnectionError(cause) from cause

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    with pytest.raises(NoNetworkError, match="there is no network"):
        _ = KaggleSource("dogs").about
    assert len(calls) == 3
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    assert paths.in_kernel()
    with pytest.raises(NoNetworkError, match=r"attach the competition's data \(Add Input\)"):
        _ = KaggleSource("dogs").about


@given(st.floats(0, 1e9), st.booleans())
def test_retry_after_is_seconds_or_a_date(seconds, as_date):
    if as_date:
        whole = min(seconds, 1e6) // 1
        said = answer(429, Retry_After=http_date(hours=5, seconds=whole), Date=http_date(hours=5))
        assert abs(failures.retry_after(said) - whole) <= 1  # by the host's own clock
    else:
        assert failures.retry_after(answer(429, Retry_After=f"{seconds}")) == seconds


@pytest.mark.parametrize("said", ["", "soon", "nan", "inf", "-5"])
def test_a_strange_retry_after(said):
    assert failures.retry_after(answer(429, Retry_After=said)) in {None, 0.0}


@pytest.mark.parametrize(
    ("error", "words_of_it"),
    [
        (answer(401), "Check this machine's clock, too."),
        (answer(429, Retry_After="3600"), "(in 1 h 00 min)"),
        (answer(429), "in a few minutes"),
        (answer(403, b'{"code": 403, "message": "no s3cret"}'), "Kaggle says: no …."),
        (answer(403), "https://www.kaggle.com/competitions/dogs/rules"),
        (answer(400, b'{"message": "bad file"}'), "Kaggle refuses the request (400). Kaggle says"),
        (answer(200, b'{"code": 500, "message": "oh"}'), "an internal error (500)"),
        (requests.exceptions.SSLError(), "certificate is not accepted"),
        (requests.exceptions.ProxyError("Tunnel connection failed: 407"), "the proxy"),
        (
            requests.exceptions.InvalidProxyURL("no host"),
            "http_proxy or https_proxy is not a usable proxy address",
        ),
        (
            requests.exceptions.InvalidSchema("SOCKS"),
            "http_proxy or https_proxy is not a usable proxy address",
        ),
        (requests.exceptions.JSONDecodeError("x", "<html>", 0), "a login or maintenance page"),
        (requests.ConnectTimeout(), "did not answer in time"),
        (requests.exceptions.ChunkedEncodingError(), "the connection was refused or interrupted"),
        (OSError(28, "No space left on device"), "the disk or a quota is full"),
        (
            requests.exceptions.InvalidURL("https://s3cret"),
            "http_proxy or https_proxy is not a usable proxy address",
        ),
    ],
)
def test_sentences(error, words_of_it):
    said = failures.sentence(error, ASKED)
    assert isinstance(said, PrzError)
    assert words_of_it in str(said)
    assert "s3cret" not in str(said)


def test_pauses_are_pauses():
    begun = datetime.now(UTC)
    retry.pause(0.01)
    assert datetime.now(UTC) - begun >= timedelta(seconds=0.01)


def test_a_login_that_has_ended_is_renewed_and_kept_private(tmp_path, monkeypatch):
    from kaggle_prz.competitions.kaggle import sdk

    path = tmp_path / "user-home" / ".kaggle" / "credentials.json"
    path.parent.mkdir()
    path.write_text('{"refresh_token": "refresh", "access_token": "old", "username": "somebody"}')
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")

    class Account:
        def __init__(self, http):
            assert isinstance(http, sdk.Http)

        def generate_access_token(self, request):
            assert request.refresh_token == "refresh"
            return SimpleNamespace(token="new", expires_in=3600)

    monkeypatch.setattr(sdk, "AccountClient", Account)
    found = Door().credential
    assert (found.kind, found.secret) == ("token", "new")
    assert path.stat().st_mode & 0o077 == 0
    assert credentials().secret == "new"
    assert not credentials().has_ended
