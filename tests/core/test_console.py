import re
import time

import pytest

from kaggle_prz.core.console import Silent, Terminal, duration


@pytest.mark.parametrize(
    ("seconds", "read"),
    [
        (0, "0.0 s"),
        (7.04, "7.0 s"),
        (9.96, "10.0 s"),
        (12.3, "12 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (3780, "1 h 03 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds, read):
    assert duration(seconds) == read


def _speak(terminal) -> None:
    terminal.say("classes [red], :car: and [/b]")
    rows = [("[bold]", "12", "why " * 50), ("elk", "7", "")]
    terminal.table("of [toys]", ("class", "images", "because"), rows)
    with terminal.bar("decode", 3) as advance:
        advance(1)
        advance(2, note="loss 0.5")


def test_piped_output_is_plain_lines(capsys):
    _speak(Terminal())
    out, err = capsys.readouterr()
    assert "\x1b" not in out
    assert err == ""
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0] == "classes [red], :car: and [/b]"
    assert lines[1] == "of [toys]"
    assert lines[3].startswith("[bold]      12  why why")
    assert lines[3].count("why") == 50
    assert re.fullmatch(r"decode  loss 0\.5  0\.\d s", lines[-1])
    assert len(lines) == 6


def test_words_stand_left_and_numbers_right(capsys):
    rows = [("a", "word", "5", "1 %"), ("b", "w", "500", "")]
    Terminal().table("", ("", "words", "numbers", "shares"), rows)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.rstrip() == "b  w          500"


def test_on_a_terminal_a_bar_gives_way_to_a_line(capsys, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    with terminal.bar("decode", 3) as advance:
        advance(3, note="done")
    assert "\x1b" in (out := capsys.readouterr().out)
    assert re.fullmatch(r"decode  done  0\.\d s", out.splitlines()[-1].split("\x1b[2K")[-1])


def test_bars_of_several_processes_stand_side_by_side(capsys, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    with terminal.bar("fold 1", 3) as first:
        with terminal.bar("fold 2", 3) as second:
            first(1)
            second(2)
            time.sleep(0.3)  # bars are drawn ten times a second
        shown = capsys.readouterr().out
        assert shown.count("fold 1") > 1
        assert shown.count("fold 2") > 1
        first(2, note="done")
        time.sleep(0.3)
        capsys.readouterr()
        time.sleep(0.3)
        later = capsys.readouterr().out
        assert "fold 1" in later
        assert "fold 2" not in later
    last = capsys.readouterr().out.splitlines()[-1].split("\x1b[2K")[-1]
    assert re.fullmatch(r"fold 1  done  0\.\d s", last)


def test_silence(capsys):
    _speak(Silent())
    assert capsys.readouterr() == ("", "")
