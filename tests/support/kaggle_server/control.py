"""The door for tests, beside the API: settings, competitions, faults and the journal."""

from collections.abc import Callable
from typing import Any

from . import competitions, grading, sessions
from .answers import Refusal
from .world import World

PREFIX = "/control/"


def _competition(world: World, order: dict[str, Any]) -> None:
    slug = order["slug"]
    unknown = set(order) - set(competitions.DEFAULTS) - {"slug"}
    if unknown:
        raise Refusal(400, f"A competition has no {sorted(unknown)}.")
    number = world.state.number()
    with world.state.change() as data:
        before = data["competitions"].get(slug, {**competitions.DEFAULTS, "id": number})
        data["competitions"][slug] = {**before, **order}
    grading.forget(slug)


def _settings(world: World, order: dict[str, Any]) -> None:
    with world.state.change() as data:
        unknown = set(order) - set(data["settings"])
        if unknown:
            raise Refusal(400, f"There are no settings {sorted(unknown)}.")
        data["settings"] |= order


def _requests(world: World, order: dict[str, Any]) -> list[dict[str, Any]]:
    found = world.journal.read()
    if order.get("clear"):
        world.journal.clear()
    return found


def _reset(world: World, order: dict[str, Any]) -> dict[str, str]:
    for pid in list(world.processes):
        sessions.kill(pid)
    for slug in world.state.data["competitions"]:
        grading.forget(slug)
    world.state.reset()
    world.faults.clear()
    world.journal.clear()
    return public(world)


def _forget(world: World, order: dict[str, Any]) -> None:
    """What was submitted and pushed; competitions and the account stay."""
    for pid in list(world.processes):
        sessions.kill(pid)
    with world.state.change() as data:
        data |= {room: {} for room in ("submissions", "uploads", "kernels", "datasets")}


def public(world: World) -> dict[str, str]:
    """The account with all of its secrets, which are made up."""
    hidden = ("control", "signing")
    with world.state.lock:
        account = world.state.data["account"]
        return {name: value for name, value in account.items() if name not in hidden}


def _state(world: World, order: dict[str, Any]) -> Any:
    with world.state.lock:
        return world.state.data[order["room"]]


ACTIONS: dict[str, Callable[[World, dict[str, Any]], Any]] = {
    "competition": _competition,
    "settings": _settings,
    "requests": _requests,
    "reset": _reset,
    "forget": _forget,
    "state": _state,
    "fault": lambda world, order: world.faults.add(**order),
    "clear-faults": lambda world, order: world.faults.clear(),
}


def act(world: World, action: str, key: str | None, order: dict[str, Any]) -> Any:
    """Carry out an order.

    Raises:
        Refusal: the key is not the server's, or there is no such action.
    """
    if key != world.state.data["account"]["control"]:
        raise Refusal(401, "Unauthenticated")
    if action not in ACTIONS:
        raise Refusal(404, "Not Found")
    return ACTIONS[action](world, order)
