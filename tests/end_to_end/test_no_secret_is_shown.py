"""No credential is shown or written, whole or damaged, by any command or function.

Every source of a credential × every way to damage it: a secret made for the test is looked for in
all that is printed, in every error that leaves with its causes, and in every file.
"""

import base64
import functools
import json
import secrets
import traceback
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from support.kaggle_server.fixtures import Loopback
from support.kaggle_worlds import login
from support.synthetic import make_run

import kaggle_prz as prz
from kaggle_prz.commands import cli, doctor
from kaggle_prz.commands.kernel import building
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import PrzError, UnforeseenError

SECRET = secrets.token_hex(16)
HALVES = SECRET[:16], SECRET[16:]
ORDINARY = "0123456789abcdef" * 2
SIGNED = f"https://store.example/a.zip?X-Goog-Signature={'5e' * 32}&part=2"
NAME = "leaves-of-nobody"

DAMAGES: dict[str, Callable[[str], str | bytes]] = {
    "sound": lambda s: s,
    "cut in two": lambda s: f"{s[:16]}\n{s[16:]}",
    "cut in two, as Windows does": lambda s: f"{s[:16]}\r\n{s[16:]}",
    "a second line": lambda s: f"{s}\nof my account",
    "a line before": lambda s: f"# token\n{s}",
    "trailing words": lambda s: f"{s} of my account",
    "a blank within": lambda s: f"{s[:16]} {s[16:]}",
    "a tab within": lambda s: f"{s[:16]}\t{s[16:]}",
    "a bell within": lambda s: f"{s[:16]}\a{s[16:]}",
    "blanks around": lambda s: f"  {s}\t\r\n",
    "a byte order mark": lambda s: f"\ufeff{s}",
    "straight quotes": lambda s: f'"{s}"',
    "curly quotes": lambda s: f"“{s}”",
    "a quote at its end": lambda s: f"{s}'",
    "an accent": lambda s: f"{s}é",
    "a Cyrillic letter": lambda s: f"{s}Ж",
    "a dash of typography": lambda s: f"{s[:16]}–{s[16:]}",
    "JSON": lambda s: json.dumps({"username": "ann", "key": s}, indent=1),
    "JSON with a line break in it": lambda s: f'{{"username": "ann", "key": "{s}\n"}}',
    "JSON that was cut": lambda s: json.dumps({"username": "ann", "key": s})[:-2],
    "nested lists": lambda s: json.dumps([[{"key": [s]}]]),
    "an address": lambda s: f"https://www.kaggle.com/api?token={s}",
    "a line of a shell": lambda s: f"export KAGGLE_KEY={s}",
    "an assignment": lambda s: f"KAGGLE_API_TOKEN={s}",
    "a header": lambda s: f"Bearer {s}",
    "a whole header": lambda s: f"Authorization: Bearer {s}",
    "a user with a colon": lambda s: f"ann:{s}",
    "very long": lambda s: s * 2000,
    "per cent": lambda s: f"{s}%0a",
    "UTF-16": lambda s: s.encode("utf-16"),
    "UTF-16 without its mark": lambda s: s.encode("utf-16-le"),
    "Latin-1": lambda s: f"{s}é".encode("latin-1"),
    "NUL": lambda s: f"{s}\0".encode(),
    "not text": lambda s: s.encode() + b"\xff\xfe\xfd",
}


def kept(name: str, content: str | bytes, place: str = ".kaggle") -> Path:
    path = Path("~").expanduser() / place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


def variables(patch: pytest.MonkeyPatch, **values: str | bytes) -> None:
    for name, value in values.items():
        if isinstance(value, bytes):
            pytest.skip("a variable holds text")
        patch.setenv(name, value)


def as_value(content: str | bytes) -> str:
    """As a value of JSON: a text, whatever was damaged in it."""
    return content if isinstance(content, str) else content.decode("latin-1")


def key_file(content: str | bytes, **more: object) -> str:
    return json.dumps({"username": "ann", "key": as_value(content), **more})


def renewable(**values: str) -> str:
    until = "2100-01-01T00:00:00+00:00"
    return json.dumps({"refresh_token": "r" * 20, "access_token_expiration": until, **values})


SOURCES: dict[str, Callable[[pytest.MonkeyPatch, str | bytes], object]] = {
    "KAGGLE_API_TOKEN": lambda patch, text: variables(patch, KAGGLE_API_TOKEN=text),
    "KAGGLE_KEY": lambda p, text: variables(p, KAGGLE_USERNAME="ann", KAGGLE_KEY=text),
    "KAGGLE_KEY alone": lambda patch, text: variables(patch, KAGGLE_KEY=text),
    "KAGGLE_USERNAME": lambda p, text: variables(p, KAGGLE_USERNAME=text, KAGGLE_KEY=ORDINARY),
    "KAGGLE_USERNAME alone": lambda patch, text: variables(patch, KAGGLE_USERNAME=text),
    "file of KAGGLE_API_TOKEN": lambda patch, text: variables(
        patch, KAGGLE_API_TOKEN=str(kept("mine", text, ".kaggle-of-mine"))
    ),
    "a kernel's token": lambda patch, text: variables(
        patch,
        KAGGLE_KERNEL_RUN_TYPE="Batch",
        KAGGLE_API_V1_TOKEN=str(kept("v1", text, ".kaggle/of-kernel")),
    ),
    "access_token": lambda _, text: kept("access_token", text),
    "access_token.txt": lambda _, text: kept("access_token.txt", text),
    "kaggle.json": lambda _, text: kept("kaggle.json", text),
    "key of kaggle.json": lambda _, text: kept("kaggle.json", key_file(text)),
    "user of kaggle.json": lambda _, text: kept(
        "kaggle.json", key_file(ORDINARY, username=as_value(text))
    ),
    "kaggle.json of the settings": lambda _, text: kept(
        "kaggle.json", key_file(text), ".config/kaggle"
    ),
    "KAGGLE_CONFIG_DIR": lambda patch, text: variables(
        patch, KAGGLE_CONFIG_DIR=str(kept("kaggle.json", text, ".kaggle/elsewhere").parent)
    ),
    "kaggle.json.txt": lambda _, text: kept("kaggle.json.txt", text),
    "access_token/": lambda _, text: kept("access_token", text, ".kaggle/access_token"),
    "credentials.json": lambda _, text: kept("credentials.json", text),
    "token of a login": lambda _, text: kept(
        "credentials.json", renewable(access_token=as_value(text))
    ),
    "renewal of a login": lambda _, text: kept(
        "credentials.json", renewable(refresh_token=as_value(text))
    ),
}
SERVERS = ("a server that answers", "no network")
# A quarter of all, so that every source and every damage is met by several others.
CELLS = [
    pytest.param(SERVERS[(row + column // 4) % 2], source, damage, row * 7 + column)
    for row, source in enumerate(SOURCES)
    for column, damage in enumerate(DAMAGES)
    if (row + column) % 4 == 0
]
FORMS = [
    *HALVES,
    *(base64.b64encode(f"{user}:{SECRET}".encode()).decode() for user in ("ann", "")),
    base64.b64encode(f"{SECRET}:{ORDINARY}".encode()).decode(),
    urllib.parse.quote(f"{HALVES[0]}\n{HALVES[1]}"),
    "5e5e5e5e",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a competition of Kaggle."""
    path = tmp_path_factory.mktemp("runs") / "toys" / "first"
    made = make_run(path, stages=1, rows_a_class=3, test_rows=2, receipt=False)
    known = filesystem.read_json(path / "recipe.json")
    filesystem.write_json(path / "recipe.json", known | {"competition": NAME})
    return made.path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, waits: list[float]) -> None:
    """No process for Keras, no wheels, no waiting, an empty directory."""
    monkeypatch.setattr(doctor, "backend", lambda: [])
    monkeypatch.setattr(building.wheels, "collect", lambda *_: None)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def network(request: pytest.FixtureRequest, shared_kaggle: Loopback) -> Iterator[None]:
    """The way to a Kaggle that knows no such account, or to none; a proxy has a password."""
    with login(shared_kaggle) as patch:
        port = shared_kaggle.port if request.param == SERVERS[0] else 9
        for name in ("http_proxy", "https_proxy"):
            patch.setenv(name, f"http://ann:{SECRET}@127.0.0.1:{port}")
        for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
            patch.delenv(name)
        yield


def commands(run: Path) -> list[list[str]]:
    named = ["-c", NAME]
    return [
        ["fit", *named],
        ["fit", *named, "--submit"],
        ["plan", *named],
        ["inspect", *named],
        ["auto", *named],
        ["leaderboard", *named],
        ["leaderboard", "-c", f"https://www.kaggle.com/c/{NAME}"],
        ["submit", str(run)],
        ["predict", str(run)],
        ["predict", str(run), *named],
        ["doctor"],
        ["doctor", "--json"],
        ["kernel", "status", "ann/prz-train"],
        ["kernel", "pull", "ann/prz-train"],
        ["kernel", "push", str(run)],
        ["kernel", "build", NAME, "--output", "built"],
    ]


def functions(run: Path) -> list[Callable[[], object]]:
    return [
        lambda: prz.fit(NAME),
        lambda: prz.plan(NAME),
        lambda: prz.inspect(NAME),
        lambda: prz.predict(run),
        lambda: prz.submit(run),
    ]


def told_by(error: BaseException) -> str:
    """All that a notebook, a log or a debugger shows of an error and its causes."""
    texts, waiting, seen = [], [error], set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        texts += [str(each), repr(each), repr(each.args), repr(vars(each))]
        texts += [*getattr(each, "__notes__", ()), repr(getattr(each, "object", ""))]
        waiting += [each.__cause__, each.__context__]
    return "\n".join([*texts, *traceback.format_exception(error)])


def of_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    error = ""
    try:
        cli.main(arguments)
    except BaseException as end:
        error = told_by(end)
    return "".join(capsys.readouterr()) + error


def of_function(function: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(PrzError) as caught:
        function()
    return "".join(capsys.readouterr()) + told_by(caught.value)


def all_told(
    run: Path, capsys: pytest.CaptureFixture[str], first: int = 0, step: int = 1
) -> dict[str, str]:
    """What every command and function says and raises, or every so many of them."""
    ways: dict[str, Callable[[], str]] = {}
    for debug in ([], ["--debug"]):
        for words in ([*debug, *arguments] for arguments in commands(run)):
            ways[" ".join(words)] = functools.partial(of_command, words, capsys)
    for number, function in enumerate(functions(run)):
        ways[f"function {number}"] = functools.partial(of_function, function, capsys)
    return {name: ways[name]() for name in list(ways)[first % step :: step]}


def check(told: dict[str, str], place: Path, run: Path) -> None:
    assert told
    for what, text in told.items():
        shown = [form for form in FORMS if form in text]
        assert not shown, f"{what}: {text[:3000]}"
    for root in (place, run.parent):
        for path in root.rglob("*"):
            own = {".kaggle", ".kaggle-of-mine", ".config"} & {*path.relative_to(root).parts}
            if path.is_file() and not own:
                content = path.read_bytes()
                assert not any(form.encode() in content for form in FORMS), path


@pytest.fixture
def check_all(
    run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., dict[str, str]]:
    """Run the commands and functions, and look for the secret wherever it may be."""

    def checked(first: int = 0, step: int = 1) -> dict[str, str]:
        told = all_told(run, capsys, first, step)
        check(told, tmp_path, run)
        return told

    return checked


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(("network", "source", "damage", "first"), CELLS, indirect=["network"])
def test_a_damaged_credential_is_not_shown(source, damage, first, check_all, monkeypatch):
    SOURCES[source](monkeypatch, DAMAGES[damage](SECRET))
    check_all(first, 18)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("network", SERVERS, indirect=True)
@pytest.mark.parametrize("source", ["KAGGLE_API_TOKEN", "KAGGLE_KEY", "access_token"])
def test_a_token_of_two_lines_is_not_shown_by_any_command(source, check_all, monkeypatch):
    SOURCES[source](monkeypatch, DAMAGES["cut in two"](SECRET))
    check_all()


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("network", SERVERS, indirect=True)
def test_key_and_user_in_each_others_place(check_all, monkeypatch):
    variables(monkeypatch, KAGGLE_USERNAME=SECRET, KAGGLE_KEY="ann")
    check_all()


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("network", SERVERS[:1], indirect=True)
@pytest.mark.parametrize("kind", [RuntimeError, ValueError, OSError, requests.HTTPError])
def test_what_a_library_says_of_a_secret_is_not_shown(check_all, monkeypatch, kind):
    variables(monkeypatch, KAGGLE_API_TOKEN=SECRET)

    def fails(*_: object, **__: object) -> None:
        try:
            raise KeyError(f"Bearer {SECRET}", SECRET.encode())
        except KeyError as error:
            error.add_note(f"Authorization: Basic {SECRET}")
            raise kind(f"{SECRET} {SIGNED} {{'Authorization': 'Bearer {SECRET}'}}") from error

    monkeypatch.setattr(requests.Session, "send", fails)
    told = check_all()
    if kind is RuntimeError:
        shown = "RuntimeError: … https://store.example/a.zip?X-Goog-Signature=…&part=2"
        assert shown in told[f"fit -c {NAME}"]
        assert shown in told[f"--debug fit -c {NAME}"]
        with pytest.raises(UnforeseenError, match="RuntimeError: …"):
            prz.fit(NAME)
