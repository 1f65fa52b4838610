"""Terminals of any encoding: nothing fails, and what they lack is a question mark."""

import ast
import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.synthetic import draw_competition

import kaggle_prz
from kaggle_prz import runs
from kaggle_prz.commands import cli
from kaggle_prz.commands.cli.output import print_json
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core.console import Terminal
from kaggle_prz.core.process import signs

pytestmark = pytest.mark.slow

PACKAGE = Path(kaggle_prz.__file__).parent
SOURCES = sorted([*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "kernels").rglob("*.py")])
ENCODINGS = ("ascii", "cp437", "cp932", "cp1251")
C_LOCALE = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
# Several commands in one process: most of the time is that of imports.
SEVERAL = """
import json, sys
from kaggle_prz.commands import cli
from kaggle_prz.commands.cli.output import print_json
for words in json.loads(sys.argv[1]):
    try:
        cli.main(words)
    except SystemExit as end:
        if end.code:
            sys.exit(f"{words} ended with {end.code}")
"""


def child(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    own = ("LC_", "LANG", "PYTHONUTF8", "PYTHONIOENCODING")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    return subprocess.run(
        [sys.executable, *command],
        env=kept | environment,
        cwd=cwd,
        capture_output=True,
        timeout=240,
        check=False,
    )


def test_help_has_ascii_alone(capsys):
    """Click would write anything else as UTF-8, whatever the stream's encoding is."""
    for command in cli.cli.commands:
        with contextlib.suppress(SystemExit):
            cli.main([command, "--help"])
        out = capsys.readouterr().out
        assert command in out
        assert out.isascii()


@pytest.mark.parametrize(
    ("errors", "afterwards"),
    [("strict", "replace"), ("surrogateescape", "replace"), ("ignore", "ignore")],
)
def test_a_choice_of_the_user_stays(monkeypatch, errors, afterwards):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp437", errors=errors)
    monkeypatch.setattr(sys, "stdout", stream)
    signs.allow()
    assert (stream.errors, stream.encoding) == (afterwards, "cp437")


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_streams_without_encoding_are_left_alone(monkeypatch, stream):
    monkeypatch.setattr(sys, "stdout", stream)
    signs.allow()


def test_a_table_is_lined_up_by_what_is_written(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    Terminal().table("a…", ("b×", "c"), [("…", "d"), ("xxx", "e")])
    stream.flush()
    lines = stream.buffer.getvalue().decode("ascii").splitlines()
    assert [line.rstrip() for line in lines] == ["a?", "b?   c", "?    d", "xxx  e"]


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX")
def test_bars_move_on_a_terminal_of_ascii():
    code = (
        "from kaggle_prz.core.console import Terminal\n"
        "terminal = Terminal()\n"
        "with terminal.bar('stage 1 · 96 px', 2) as advance:\n"
        "    advance(1, note='…')\n"
        "    advance(1, note='loss × 2')\n"
        "terminal.say('128 → 192 px, 日本')\n"
    )
    master, slave = pty.openpty()
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=slave, env=environment) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 1 << 16)
            except OSError:  # the other end is closed
                break
            shown += piece
    os.close(master)
    assert process.returncode == 0
    text = shown.decode("ascii")
    assert "stage 1 ? 96 px" in text
    assert "\x1b" in text
    assert text.rstrip().endswith("128 ? 192 px, ??")


@pytest.mark.full
@pytest.mark.parametrize("encoding", ENCODINGS[1:])
def test_commands_show_themselves_in_any_encoding(tmp_path, encoding):
    commands = [
        ["plan", "-c", "shapes", "--sizes", "16,24", "--folds", "2", "--epochs", "1"],
        ["inspect", "-c", "shapes", "--no-check-images"],
        ["leaderboard", "-c", "shapes"],
        ["runs"],
        ["fit", "--help"],
    ]
    given = ["-c", SEVERAL, json.dumps(commands)]
    done = child(*given, cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode(encoding)
    assert re.search(r"^ +1 +16 px +0\.69 +16 +3\.0e-03 +50% +not measured", shown, re.M)
    times = "×".encode(encoding, "replace").decode(encoding)
    assert re.search(
        rf"^1\.\d\d{re.escape(times)} less compute than the same epochs at 24 px", shown, re.M
    )


def test_an_error_is_shown_in_any_encoding(tmp_path):
    given = ["-m", "kaggle_prz.commands.cli", "inspect", "-c", "./日本"]
    done = child(*given, cwd=tmp_path, PYTHONIOENCODING="cp437")
    assert done.returncode == 2
    assert "\\u65e5\\u672c does not exist" in done.stderr.decode("cp437")


def test_json_keeps_every_sign(monkeypatch):
    facts = {"file": "日本 × é 🐟"}
    for encoding in ("ascii", "cp1251", "utf-8"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            print_json(facts)
        stream.flush()
        assert json.loads(stream.buffer.getvalue().decode(encoding)) == facts


@pytest.mark.full
@pytest.mark.keras
@pytest.mark.parametrize("encoding", ["", *ENCODINGS])
def test_a_run_reads_and_writes_files_of_utf_8_in_any_locale(tmp_path, encoding):
    names = ("café", "日本")
    draw_competition(tmp_path / "toys", names, 6, 3, groups=False)
    recipe = ["--backbone", "tiny", "--sizes", "16,24", "--folds", "2", "--epochs", "1"]
    command = ["fit", "-c", "./toys", *recipe, "--run", "first"]
    several = ["-c", SEVERAL, json.dumps([command, ["doctor"] if encoding else ["runs"]])]
    environment = {"PYTHONIOENCODING": encoding} if encoding else C_LOCALE
    done = child(*several, cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr.decode("ascii", "replace")
    shown = done.stdout.decode(encoding or "ascii")
    assert re.search(r"^ +1 +16 px ", shown, re.M)
    assert " less compute than the same epochs at 24 px" in shown
    run = runs.load_run(tmp_path / "runs" / "toys" / "first")
    assert run.task.classes == names
    assert run.submission.read_text("utf-8").splitlines()[0] == "id,café,日本"
    assert "café" in run.report.read_text("utf-8")


def test_shapes_are_drawn_in_any_locale(tmp_path):
    code = (
        "from pathlib import Path\nfrom kaggle_prz.competitions.embedded.shapes import Shapes\n"
        "Shapes(train=4, test=4).materialise(Path('shapes'))\n"
    )
    assert child("-c", code, cwd=tmp_path, **C_LOCALE).returncode == 0
    Shapes(train=4, test=4).materialise(tmp_path / "again")
    for name in ("train.csv", "sample_submission.csv"):
        assert (tmp_path / "shapes" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def _names_no_encoding(call: ast.Call) -> bool:
    """Whether a call opens text in the encoding of the machine."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in {"read_text", "write_text"}:
        return "encoding" not in named and len(call.args) < (2 if name == "write_text" else 1)
    if name in {"open", "fdopen", "NamedTemporaryFile", "TemporaryFile"}:
        texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
        modes = [
            each for each in texts if isinstance(each, str) and re.fullmatch("[rwxa+t]+", each)
        ]
        return bool(modes) and "encoding" not in named
    if name in {"run", "Popen", "check_output"}:
        return "text" in named and "encoding" not in named
    return False


def test_every_text_file_is_opened_in_an_encoding():
    found = [
        f"{file.name}:{node.lineno}"
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and _names_no_encoding(node)
    ]
    assert found == []
