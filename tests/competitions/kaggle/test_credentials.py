import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kaggle_prz import competitions
from kaggle_prz.commands import doctor
from kaggle_prz.competitions.kaggle.credentials import credentials, required
from kaggle_prz.core.errors import CredentialsError, HostError


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


HALVES = {
    "is empty": lambda _: write("kaggle.json", " \n"),
    "kaggle.json has no username and no key": lambda _: write("kaggle.json", "{}"),
    "kaggle.json has no key": lambda _: write("kaggle.json", {"username": "somebody"}),
    "kaggle.json has no username and a key that is not text": lambda _: write(
        "kaggle.json", {"key": 5}
    ),
    "a username that is not text": lambda _: write("kaggle.json", {"username": ["a"], "key": "k"}),
    "kaggle.json is a directory": lambda _: (kept() / "kaggle.json").mkdir(),
    "access_token is a directory": lambda _: (kept() / "access_token").mkdir(),
    "access_token is empty": lambda _: write("access_token", "\ufeff\n"),
    "names is a directory": lambda patch: patch.setenv("KAGGLE_API_TOKEN", str(kept())),
    "KAGGLE_API_TOKEN is blank": lambda patch: patch.setenv("KAGGLE_API_TOKEN", " \n"),
    "KAGGLE_KEY is set, and KAGGLE_USERNAME is not": lambda p: p.setenv("KAGGLE_KEY", "k"),
    "KAGGLE_USERNAME is set, and KAGGLE_KEY is not": lambda p: p.setenv("KAGGLE_USERNAME", "u"),
    "'kaggle.json.txt', which is not read; did you mean kaggle.json?": lambda _: write(
        "kaggle.json.txt", KEY
    ),
    "'kaggle (1).json', which is not read": lambda _: write("kaggle (1).json", KEY),
    "'access_token.json', which is not read; did you mean access_token?": lambda _: write(
        "access_token.json", "t"
    ),
    "~/.kaggle is a file": lambda _: Path("~/.kaggle").expanduser().write_text("token"),
    "credentials.json has no refresh_token": lambda _: write("credentials.json", "{}"),
    "credentials.json is a directory": lambda _: (kept() / "credentials.json").mkdir(),
    "KAGGLE_CONFIG_DIR has no key": lambda patch: patch.setenv(
        "KAGGLE_CONFIG_DIR", str(write("kaggle.json", {"username": "u"}).parent)
    ),
}


def kept() -> Path:
    path = Path("~/.kaggle").expanduser()
    path.mkdir(exist_ok=True)
    return path


@pytest.mark.parametrize("told", HALVES)
def test_half_a_credential_is_told_where_nothing_whole_is(told, monkeypatch):
    HALVES[told](monkeypatch)
    with pytest.raises(
        CredentialsError, match=r"credential for Kaggle is incomplete.* Make a token at"
    ) as caught:
        credentials()
    assert told in str(caught.value)
    with pytest.raises(CredentialsError) as found:
        competitions.find("shape")
    assert str(found.value) == (
        f"'shape' is not a competition on this machine, and Kaggle cannot be asked: {caught.value}"
    )
    (finding,) = doctor.kaggle()
    assert (finding.state, finding.text) == ("fault", str(caught.value))
    assert competitions.find("shapes").host == "embedded"
    assert competitions.find(".").host == "folder"


@pytest.mark.parametrize("told", sorted(set(HALVES) - {"~/.kaggle is a file"}))
def test_a_whole_credential_wins_over_half_a_one(told, monkeypatch):
    HALVES[told](monkeypatch)
    monkeypatch.setenv("KAGGLE_USERNAME", "else")
    monkeypatch.setenv("KAGGLE_KEY", "whole")
    assert credentials().secret == "whole"


DAMAGES = {
    "has 2 lines": "to\r\nken",
    "has 3 lines": "to\n\nken",
    "has quotation marks around it": "“token”",
    "has quotation marks in it": "to'ken",
    "has a space in it": "my token",
    "has a control character in it": "to\aken",
    "has a letter that is not ASCII": "tokén",
    "looks like a piece of JSON": '{"token": "x"',
    "looks like a URL": "https://www.kaggle.com/token",
    "starts with another word, such as Bearer": "Bearer token",
    "is a whole line of a shell": "export KAGGLE_KEY=token",
    "is too long, with 9,000 characters": "t" * 9000,
}
SOUND = "0123456789abcdef" * 2
SOURCES = {
    "the environment variable KAGGLE_API_TOKEN": lambda p, v: p.setenv("KAGGLE_API_TOKEN", v),
    "the environment variables KAGGLE_USERNAME and KAGGLE_KEY": lambda p, v: (
        p.setenv("KAGGLE_USERNAME", "u"),
        p.setenv("KAGGLE_KEY", v),
    ),
    "the file ~/.kaggle/access_token": lambda _, v: write("access_token", v),
    "the file ~/.kaggle/access_token.txt": lambda _, v: write("access_token.txt", v),
    "the file that KAGGLE_API_TOKEN names": lambda p, v: p.setenv(
        "KAGGLE_API_TOKEN", str(write("mine", v))
    ),
    "the file ~/.kaggle/kaggle.json": lambda _, v: write("kaggle.json", KEY | {"key": v}),
    "the login in ~/.kaggle/credentials.json": lambda _, v: write(
        "credentials.json", {"refresh_token": v}
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("told", DAMAGES)
def test_what_cannot_be_sent_is_refused_in_words(source, told, monkeypatch):
    SOURCES[source](monkeypatch, DAMAGES[told])
    with pytest.raises(CredentialsError) as caught:
        credentials()
    said = str(caught.value)
    assert said.startswith(f"Kaggle's credential in {source} cannot be used: the ")
    assert told in said
    assert "Make a token at https://www.kaggle.com/settings/api" in said
    assert DAMAGES[told] not in said


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("form", ["{}", "{}\r\n", "\ufeff{}", " {}\t", "\ufeff {}\n\u200b"])
def test_what_surrounds_a_value_is_no_part_of_it(source, form, monkeypatch):
    SOURCES[source](monkeypatch, form.format(SOUND))
    found = credentials()
    assert found.source == source
    assert (found.secret or found.login["refresh_token"]) == SOUND


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["access_token", "kaggle.json", "credentials.json"])
def test_files_in_encodings_of_windows(name, encoding):
    content = {
        "access_token": f"{SOUND}\r\n",
        "kaggle.json": json.dumps(KEY | {"key": SOUND}),
        "credentials.json": json.dumps({"refresh_token": "r", "access_token": SOUND}),
    }
    write(name, "").write_bytes(content[name].encode(encoding))
    assert credentials().secret == SOUND


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("some:body", "the user name has a colon in it"),
        (SOUND, "the user name looks like a key; user name and key may be swapped"),
        ("some\nbody", "the user name has 2 lines"),
        ("KAGGLE_USERNAME=u", "the user name is a whole line of a shell"),
    ],
)
def test_what_cannot_be_a_user(user, told, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", user)
    monkeypatch.setenv("KAGGLE_KEY", "k")
    with pytest.raises(CredentialsError, match=told):
        credentials()


def test_a_file_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "~/token.txt")
    with pytest.raises(CredentialsError, match="KAGGLE_API_TOKEN names a file that does not exist"):
        credentials()


def test_a_login_is_renewed_whatever_its_file_is_written_in(world, monkeypatch):
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name)
    write("credentials.json", "").write_bytes(
        json.dumps({"refresh_token": "r" * 20, "access_token_expiration": 5}).encode("utf-16")
    )
    with pytest.raises(HostError, match="Renewing the login in"):  # the server knows no logins
        world.about()


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


@pytest.mark.parametrize("name", ["not-there", "kaggle.json"])
def test_a_directory_of_settings_that_is_none(monkeypatch, tmp_path, name):
    (tmp_path / "kaggle.json").write_text(json.dumps(KEY))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / name))
    with pytest.raises(CredentialsError, match="KAGGLE_CONFIG_DIR does not name a directory"):
        credentials()
