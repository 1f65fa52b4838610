"""Steps × faults, and the outcome that the tests demand of each.

An outcome is `RECOVERED`, or a kind of error and words of its sentence. Whatever it is, the same
command run again without the fault must succeed, with one submission and every byte in its place.
"""

from dataclasses import dataclass, field
from typing import Any

RECOVERED = "recovered"


@dataclass(frozen=True)
class Step:
    """One request of a command: `method` as the loopback server calls it."""

    name: str
    command: str
    method: str


@dataclass(frozen=True)
class Fault:
    """What goes wrong with it, as the loopback server is told."""

    name: str
    title: str
    kind: str | int
    order: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A step under a fault, and what comes of it."""

    step: Step
    fault: Fault
    outcome: str
    words: str = ""

    @property
    def id(self) -> str:
        return f"{self.step.name}-{self.fault.name}".replace(" ", "-")


STEPS = (
    Step("facts", "download", "GetCompetition"),
    Step("list files", "download", "ListDataFiles"),
    Step("link", "download", "DownloadDataFiles"),
    Step("body", "download", "download"),
    Step("look up", "submit", "ListSubmissions"),
    Step("rules", "submit", "GetCompetition"),
    Step("limits", "submit", "GetSubmissionLimits"),
    Step("begin upload", "submit", "StartSubmissionUpload"),
    Step("upload", "submit", "upload"),
    Step("create", "submit", "CreateSubmission"),
    Step("poll", "submit", "GetSubmission"),
    Step("page", "leaderboard", "GetLeaderboard"),
    Step("whole", "leaderboard", "DownloadLeaderboard"),
)

FAULTS = (
    Fault("401", "401, the credential is refused", 401),
    Fault("403", "403, the rules are not accepted", "rules"),
    Fault("404", "404, unknown", 404),
    Fault("429", "429, asked to wait 2 s", 429, {"seconds": 2}),
    Fault("429 long", "429, asked to wait an hour", 429, {"seconds": 3600}),
    Fault("500", "500", 500),
    Fault("503", "503 with an HTML page", 503),
    Fault("html", "200 with an HTML page instead of an answer", "html"),
    Fault("reset", "the connection is reset", "reset"),
    Fault("lost", "the request is carried out, but its answer is lost", "reset", {"after": True}),
    Fault("stall", "no answer until the timeout", "stall", {"seconds": 0.8}),
    Fault("cut", "the connection ends in the middle of the answer", "cut"),
    Fault("short", "half of the answer, as if it were complete", "truncated"),
    Fault("length", "ten bytes fewer than announced", "wrong-length"),
    Fault("down", "503 at every try", 503, {"times": 0}),
    Fault("gone", "the connection is reset at every try", "reset", {"times": 0}),
)

_STORAGE = {"body", "upload"}
_REFUSED = {
    "401": ("CredentialsError", "does not accept the credential from"),
    "403": ("RulesNotAcceptedError", "/rules"),
    "404": ("CompetitionNotFoundError", "Kaggle has no competition"),
}
_LASTING = {
    "429 long": ("HostError", "Run the same command again after"),
    "down": ("HostError", "Kaggle has an internal error (503)"),
    "gone": ("HostError", "the connection was refused or interrupted"),
}
# Where the rule of the fault does not hold.
_SPECIAL = {
    ("poll", "404"): ("HostError", "Kaggle has nothing with that name (404)"),
    ("poll", "403"): ("HostError", "refuses the request for the account"),
    ("create", "down"): ("HostError", "it looks for the submission before it sends one"),
    ("create", "gone"): ("HostError", "it looks for the submission before it sends one"),
}


def _outcome(step: Step, fault: Fault) -> tuple[str, str]:
    special = _SPECIAL.get((step.name, fault.name))
    if special is not None:
        return special
    if step.name not in _STORAGE and fault.name in _REFUSED:
        return _REFUSED[fault.name]
    return _LASTING.get(fault.name, (RECOVERED, ""))


CELLS = tuple(Cell(step, fault, *_outcome(step, fault)) for step in STEPS for fault in FAULTS)
