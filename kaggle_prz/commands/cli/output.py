"""Where commands write: the console of a terminal, and JSON that any stream can take."""

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kaggle_prz.core.console import Console


def console(silent: bool = False) -> "Console":
    """Return where a command reports its progress."""
    from kaggle_prz.core.console import Silent, Terminal

    return Silent() if silent else Terminal()


def print_json(value: object) -> None:
    """Print a value as JSON."""
    plain = (sys.stdout.encoding or "utf-8").lower() != "utf-8"  # JSON can write any sign in ASCII
    print(json.dumps(value, indent=2, ensure_ascii=plain, default=str))
