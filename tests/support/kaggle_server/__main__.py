"""Serves until it is told to end.

    python -m kaggle_server --state DIR

Prints one line of JSON with its port and its made-up account.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import click

from . import restart, sessions
from .app import listen
from .control import public
from .state import State
from .world import World


@click.command()
@click.option("--state", "root", required=True, type=click.Path(path_type=Path), help="Folder.")
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--username", default="loopback-user", show_default=True)
@click.option("--attached", is_flag=True, help="End when the standard input ends.")
def main(root: Path, port: int, username: str, attached: bool) -> None:
    """A Kaggle on 127.0.0.1."""
    world = World(State(root, username))
    server = listen(world, port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if attached:
        threading.Thread(target=_end_with_input, daemon=True).start()
    restart.resume(world)
    secret = world.state.data["account"]["control"]
    click.echo(json.dumps({"port": world.port, "control": secret, "account": public(world)}))
    try:
        server.serve_forever(poll_interval=0.05)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        for pid in list(world.processes):
            sessions.kill(pid)


def _end_with_input() -> None:
    """End this process with the one that holds the other end of its input, however that ends."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
