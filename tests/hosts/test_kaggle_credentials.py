import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kaggle_prz.errors import CredentialsError
from kaggle_prz.hosts.kaggle.credentials import credentials, required


def write(name: str, content: object, mode: int = 0o600) -> Path:
    path = Path("~/.kaggle").expanduser() / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


KEY = {"username": "somebody", "key": "key-1"}


def test_there_is_none():
    assert credentials() is None
    with pytest.raises(CredentialsError, match=r"no credential.*KAGGLE_API_TOKEN.*auth login"):
        required()


def test_the_order_is_that_of_the_official_client(monkeypatch, tmp_path):
    write("credentials.json", {"refresh_token": "r", "username": "somebody"})
    assert credentials().kind == "login"
    write("kaggle.json", KEY)
    assert (credentials().source, credentials().secret) == (
        "the file ~/.kaggle/kaggle.json",
        "key-1",
    )
    monkeypatch.setenv("KAGGLE_KEY", "key-2")
    assert (credentials().user, credentials().secret) == ("somebody", "key-2")
    monkeypatch.setenv("KAGGLE_USERNAME", "else")
    assert "KAGGLE_USERNAME and KAGGLE_KEY" in credentials().source
    write("access_token.txt", "token-1\n")
    assert (credentials().kind, credentials().secret) == ("token", "token-1")
    write("access_token", "token-2")
    assert credentials().secret == "token-2"
    monkeypatch.setenv("KAGGLE_API_TOKEN", "token-3")
    assert credentials().secret == "token-3"
    (tmp_path / "token").write_text("token-4")
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(tmp_path / "token"))
    assert (credentials().secret, credentials().source) == (
        "token-4",
        "the file that KAGGLE_API_TOKEN names",
    )


def test_a_kernels_own_token(monkeypatch, tmp_path):
    (tmp_path / "v1").write_text("of-the-kernel")
    monkeypatch.setenv("KAGGLE_API_V1_TOKEN", str(tmp_path / "v1"))
    assert credentials() is None
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    assert credentials().secret == "of-the-kernel"


def test_a_directory_that_is_named_holds_the_key_alone(monkeypatch, tmp_path):
    write("kaggle.json", KEY)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    assert credentials() is None
    (tmp_path / "kaggle.json").write_text(json.dumps(KEY | {"key": "key-3"}))
    assert credentials().secret == "key-3"


@pytest.mark.parametrize("content", ["", "{}", '{"username": "somebody"}', '{"key": 5}'])
def test_a_file_without_a_key_counts_for_nothing(content):
    write("kaggle.json", content)
    assert credentials() is None


@pytest.mark.parametrize("content", ["{", "[1]", "a token"])
def test_a_damaged_file_is_told(content):
    write("kaggle.json", content)
    with pytest.raises(CredentialsError, match=r"kaggle\.json is not valid JSON"):
        credentials()


def test_a_binary_file_is_told():
    write("access_token", "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CredentialsError, match="it is not text"):
        credentials()


def test_no_value_is_ever_shown(monkeypatch):
    write("kaggle.json", KEY)
    assert "key-1" not in repr(credentials())
    assert "somebody" not in repr(credentials())
    assert credentials().private == ("key-1", "somebody")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "token-3")
    assert "token-3" not in repr(credentials())


@pytest.mark.parametrize(("mode", "exposed"), [(0o600, False), (0o644, True), (0o660, True)])
def test_a_file_that_others_may_read(mode, exposed):
    write("kaggle.json", KEY, mode)
    assert credentials().exposed is exposed


@pytest.mark.parametrize(
    ("hours", "token", "ended"),
    [(1, "t", False), (-1, "t", True), (1, "", True), (None, "t", True)],
)
def test_a_login_ends(hours, token, ended):
    until = "" if hours is None else (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    write(
        "credentials.json",
        {"refresh_token": "r", "access_token": token, "access_token_expiration": until},
    )
    assert credentials().has_ended is ended
