"""docs/reliability.md: the table that the tests check, as a page.

    cd tests && python -m support.reliability.page

writes the part of the page below its mark again; what is above is written by hand.
"""

from pathlib import Path

from support.reliability.table import CELLS, FAULTS, RECOVERED, STEPS

PAGE = Path(__file__).parents[3] / "docs" / "reliability.md"
MARK = "<!-- From here on: python -m support.reliability.page -->\n"
_SHORT = {
    RECOVERED: "goes on",
    "CredentialsError": "says: make a new token",
    "RulesNotAcceptedError": "says: accept the rules, and where",
    "CompetitionNotFoundError": "says: no such competition",
    "HostError": "says what is wrong",
}


def generated() -> str:
    """The part below the mark."""
    recovered = sum(cell.outcome == RECOVERED for cell in CELLS)
    lines = [
        f"{len(STEPS)} steps × {len(FAULTS)} faults = {len(CELLS)} cases. In {recovered} the "
        f"command succeeds, in {len(CELLS) - recovered} it ends with one sentence.",
        "",
    ]
    for command in dict.fromkeys(step.command for step in STEPS):
        steps = [step for step in STEPS if step.command == command]
        lines += [f"## {command}", "", f"| fault | {' | '.join(s.name for s in steps)} |"]
        lines += ["|---" * (len(steps) + 1) + "|"]
        lines += ["| request | " + " | ".join(f"`{step.method}`" for step in steps) + " |"]
        for fault in FAULTS:
            cells = [c for c in CELLS if c.fault is fault and c.step in steps]
            told = " | ".join(_SHORT[cell.outcome] for cell in cells)
            lines.append(f"| {fault.title} | {told} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the page."""
    by_hand = PAGE.read_text("utf-8").partition(MARK)[0]
    PAGE.write_text(f"{by_hand}{MARK}\n{generated()}", "utf-8")


if __name__ == "__main__":
    main()
