"""What was under way when the process ended goes on."""

from . import kernels, notebooks, submissions
from .world import World


def resume(world: World) -> None:
    """Score what was pending; run again what was queued or running."""
    with world.state.lock:
        every = list(world.state.data["submissions"].values())
        pending = [entry for entry in every if entry["status"] == "PENDING"]
        runs = [
            (ref, version["number"])
            for ref, kernel in world.state.data["kernels"].items()
            for version in kernel["versions"]
            if version["status"] in ("QUEUED", "RUNNING")
        ]
    for entry in pending:
        (submissions.later if entry["kernel"] is None else notebooks.begin)(world, entry["ref"])
    for ref, number in runs:
        kernels.begin(world, ref, number)
