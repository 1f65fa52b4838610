import json
import os
from pathlib import Path

import pytest

from kaggle_prz.core.process import scrubbing
from kaggle_prz.core.process.scrubbing import forms, scrubbed

KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://s/a?Signature=abc%2Fd&part=2", "https://s/a?Signature=…&part=2"),
        ("https://s/a?X-Amz-Credential=a/b&x=1", "https://s/a?X-Amz-Credential=…&x=1"),
        ("a?X-Amz-Security-Token=abc'", "a?X-Amz-Security-Token=…'"),
        ("a?part=2&sig=ab+c", "a?part=2&sig=…"),
        ("a?GoogleAccessId=me@x&Expires=3&Policy=ab==", "a?GoogleAccessId=…&Expires=3&Policy=…"),
        ("a%3Fkey%3Dabc", "a%3Fkey%3D…"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': '…'}"),
        ("Authorization: Basic YTpi\nHost: x", "Authorization: …\nHost: x"),
        ("('Authorization', b'Bearer abc')", "('Authorization', b'…')"),
        ("b'Bearer abcdefg1'", "b'Bearer …'"),
        ("the token KGAT_0123456789ab.", "the token …."),
        ('{"refresh_token": "abc"}', '{"refresh_token": "…"}'),
        (f'{{"key": "{KEY}"}}', '{"key": "…"}'),
        ("http://me:pass/w@proxy:3128/x", "http://…@proxy:3128/x"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text, shown):
    assert scrubbed(text) == shown
    assert scrubbed(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "the file ~/.kaggle/access_token has 2 lines; set KAGGLE_API_TOKEN",
        "https://www.kaggle.com/competitions/dogs/rules?tab=data&sort=asc",
        "--set key=value; monkey=3 and token = none",
        "Bearer of bad news, basic classification",
        "label: key, 12:30, me@home, http://localhost:80/x",
    ],
)
def test_ordinary_words_stay(text, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "kaggle")
    monkeypatch.setenv("KAGGLE_KEY", "2 lines")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "~/.kaggle/access_token")
    assert scrubbed(text) == text


@pytest.mark.parametrize(
    "quoted",
    [
        "{0}",
        "{0!r}",
        "{1!r}",
        "{2}",
        "{3}",
    ],
)
@pytest.mark.parametrize("secret", ["first-half8\nsecond-half", 'it\'s "so" 8é', "a/b+c=d e%f&g12"])
def test_a_secret_is_hidden_in_every_form(secret, quoted, monkeypatch):
    from urllib.parse import quote, quote_plus

    monkeypatch.setenv("KAGGLE_API_TOKEN", secret)
    text = quoted.format(secret, secret.encode(), quote(secret), quote_plus(secret))
    assert "…" in scrubbed(f"before {text} after")
    assert scrubbed(f"before {text} after").strip("bforeat …'\"") == ""


def test_pieces_of_a_broken_token_are_hidden(monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "abcdefgh\nklmnopqr")
    assert scrubbed("got 'klmnopqr' after abcdefgh") == "got '…' after …"


def test_a_name_of_an_account_is_no_secret_unless_it_is_none(monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody-else")
    assert scrubbed("somebody-else/kernel") == "somebody-else/kernel"
    assert scrubbed("somebody-else/kernel", ("somebody-else", "")) == "…/kernel"
    monkeypatch.setenv("KAGGLE_USERNAME", KEY)
    assert scrubbed(f"{KEY}/kernel") == "…/kernel"


def kept(name: str) -> Path:
    path = Path("~/.kaggle").expanduser() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _fifo() -> None:
    os.mkfifo(kept("access_token"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: kept("access_token").write_bytes(bytes(range(256)) * 10),
        lambda: kept("access_token").write_bytes(b"x1" * 5_000_000),
        lambda: kept("kaggle.json").write_text("[" * 60_000),
        lambda: kept("kaggle.json").write_text('"\\ud800abcdefgh1"'),
        lambda: kept("kaggle.json").write_text(json.dumps({"key": "\ud800abcdefgh1"})),
        lambda: kept("kaggle.json").write_text("\n".join(f"line-{n:07d}" for n in range(9000))),
        lambda: kept("access_token").mkdir(),
        lambda: kept("access_token").symlink_to(kept("access_token")),
        lambda: kept("access_token/access_token").mkdir(parents=True),
        lambda: Path("~/.kaggle").expanduser().write_text(KEY),
        lambda: os.environ.__setitem__("KAGGLE_KEY", os.fsdecode(b"abcdefgh1\xff\xfe")),
        lambda: os.environ.__setitem__("KAGGLE_API_TOKEN", "x1" * 50_000),
        lambda: os.environ.__setitem__("HTTPS_PROXY", "http://a:\udcff%ff@[::1"),
        _fifo,
    ],
)
def test_nothing_that_a_source_holds_can_break_it(make, monkeypatch):
    for name in ("KAGGLE_KEY", "KAGGLE_API_TOKEN", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "")
    make()
    assert scrubbed("plain") == "plain"
    assert all(len(form) >= 8 for form in forms())


def test_files_that_nobody_may_read(monkeypatch):
    kept("access_token").write_text(KEY)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(os, "scandir", refused)
    assert scrubbed("plain") == "plain"


def test_there_need_be_no_home(monkeypatch):
    def no_home(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", no_home)
    assert scrubbing.places() == ()
