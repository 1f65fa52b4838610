"""What was under way when the process ended goes on."""

from . import submissions
from .world import World


def resume(world: World) -> None:
    """Score what was pending."""
    with world.state.lock:
        pending = [
            entry["ref"]
            for entry in world.state.data["submissions"].values()
            if entry["status"] == "PENDING" and entry["kernel"] is None
        ]
    for ref in pending:
        submissions.later(world, ref)
