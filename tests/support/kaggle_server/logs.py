"""The log of a kernel while it runs."""

import json
import time
from collections.abc import Iterator

from . import sessions
from .answers import Answer, Flow
from .kernels import run_folder, version_of
from .world import World


def stream(world: World, path: str) -> Answer:
    """The log of `/owner/slug`: as events while it runs, and as a whole afterwards."""
    owner, _, slug = path.partition("/")
    ref, number = f"{owner}/{slug}", version_of(world.state, owner, slug)["number"]
    folder = run_folder(world.state, ref, number)

    def running() -> bool:
        version = version_of(world.state, owner, slug, str(number))
        return version["status"] in ("QUEUED", "RUNNING")

    def flow() -> Iterator[bytes]:
        sent, going = 0, True
        while going:
            going = running()
            said = sessions.events(folder)
            for event in said[sent:]:
                yield f"data: {json.dumps(event)}\n\n".encode()
            sent = len(said)
            time.sleep(0.05)
        yield b"data: END_OF_LOG\n\n"

    if running():
        return Answer(200, Flow(flow()), {"Content-Type": "text/event-stream"})
    text = json.dumps(sessions.events(folder)).encode()
    return Answer(200, text, {"Content-Type": "text/plain"})
