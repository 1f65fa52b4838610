"""Where commands write: the console of a terminal, and JSON that any stream can take."""

import json
import sys
from typing import TYPE_CHECKING

from kaggle_prz.core.process import signs

if TYPE_CHECKING:
    from kaggle_prz.core.console import Console


def console(silent: bool = False) -> "Console":
    """Return where a command reports its progress."""
    from kaggle_prz.core.console import Silent, Terminal

    return Silent() if silent else Terminal()


def print_json(value: object) -> None:
    """Print a value as JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if signs.written(text, sys.stdout.encoding) != text:  # JSON has a way of its own to write them
        text = json.dumps(value, indent=2, default=str)
    print(text)
