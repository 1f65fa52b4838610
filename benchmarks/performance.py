"""docs/performance.md: tables of what the benchmarks measured, from benchmarks/results/*.json.

    python benchmarks/performance.py

writes the part of the page below its mark again; what is above is written by hand. The rule of a
measurement is the docstring of the script that made it.
"""

import ast
import json
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ablation
import click
import target

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
RESULTS = HERE / "results"
_WELL_USED = 0.85
MARK = "<!-- From here on: python benchmarks/performance.py -->\n"

Run = Mapping[str, Any]


def generated(results: Path = RESULTS) -> str:
    """The part below the mark, of every file of results in the order of their names."""
    files = sorted(results.glob("*.json"))
    sections = [section(json.loads(file.read_text("utf-8"))) for file in files]
    return "\n".join(sections) or "Nothing was measured yet.\n"


def section(found: Mapping[str, Any]) -> str:
    """One file of results: question, rule, tables, what fell short, circumstances."""
    runs = found["runs"]
    own = {
        "staged": _staged,
        "loaders": _loaders,
        "ablation": _ablation,
        "time_limit": _time_limits,
    }
    tables, short = own.get(found["benchmark"], _figures)(runs)
    question, rule = rule_of(HERE / f"{found['benchmark']}.py")
    parts = [f"## {question}", rule, *tables]
    short = [*short, *found["notes"]]
    if short:
        parts.append(
            "What fell short, and what to know:\n\n" + "\n".join(f"- {one}" for one in short)
        )
    return "\n\n".join([*parts, *_circumstances(runs)]) + "\n"


def rule_of(script: Path) -> tuple[str, str]:
    """First line and paragraphs of a script's docstring, without the commands it shows."""
    text = ast.get_docstring(ast.parse(script.read_text("utf-8"))) or ""
    question, *paragraphs = re.split(r"\n{2,}", text)
    said = (" ".join(part.split()) for part in paragraphs if not part.startswith("    "))
    return " ".join(question.split()), "\n\n".join(said)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float], digits: int) -> str:
    """Median, and the ends where there are several.

    Example:
        >>> spread([3.0, 1.0, 2.0], 1)
        '2.0 (1.0–3.0)'
    """
    middle = f"{statistics.median(values):,.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def _staged(runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """A table a competition, and the runs that never reached the target or reached it later."""
    tables, short, groups = [], [], defaultdict(list)
    for run in runs:
        groups[run["competition"], run["rows"]].append(run)
    for (competition, _), found in groups.items():
        compared = target.compare(found)
        tables.append(f"`{competition}`, medians over seeds (smallest–largest):")
        tables.append(
            table(
                [
                    "tool",
                    "sizes: epochs",
                    "seeds",
                    "seconds",
                    "log loss at the end",
                    "accuracy",
                    "seconds to the target",
                    "÷ single run",
                ],
                (_staged_row(*each) for each in compared.items()),
            )
        )
        if beside := target.beside_best(found):
            tables.append("How soon kaggle-prz's staged run was no worse than another tool's best:")
            head = ["tool", "seeds", "its best log loss", "its seconds", "ours", "ours ÷ its"]
            tables.append(table(head, (_best_row(*each) for each in beside.items())))
        short += _late(compared)
    return tables, short


def _best_row(what: tuple[str, str], found: Sequence[target.Best]) -> list[str]:
    reached = [each for each in found if each.ours is not None]
    return [
        " ".join(what),
        str(len(found)),
        spread([each.log_loss for each in found], 3),
        spread([each.seconds for each in found], 0),
        spread([each.ours for each in reached], 0) if reached else "never",
        spread([each.share for each in reached], 2) if reached else "never",
    ]


def _staged_row(what: tuple[str, str], found: Sequence[target.Reached]) -> list[str]:
    ends = [each.run["curve"][-1] for each in found]
    reached = [each for each in found if each.seconds is not None]
    run = found[0].run
    plan = ", ".join(
        f"{size}: {count:g}" for size, count in zip(run["sizes"], run["epochs"], strict=True)
    )
    return [
        " ".join(what),
        plan,
        str(len(found)),
        spread([end["seconds"] for end in ends], 0),
        spread([end["log_loss"] for end in ends], 3),
        spread([end["accuracy"] for end in ends], 3),
        spread([each.seconds for each in reached], 0) if reached else "never",
        spread([each.share for each in reached], 2) if reached else "never",
    ]


def _late(compared: Mapping[tuple[str, str], Sequence[target.Reached]]) -> Iterator[str]:
    """Sentences on ends that were missed."""
    ours = {each.run["seed"]: each.seconds for each in compared.get(("kaggle-prz", "staged"), [])}
    for what, found in compared.items():
        never = [str(each.run["seed"]) for each in found if each.seconds is None]
        if never:
            yield f"{' '.join(what)} never reached the target with seed {', '.join(never)}."
        if what == ("kaggle-prz", "staged"):
            late = [str(each.run["seed"]) for each in found if (each.share or 0) >= 1]
            if late:
                yield f"Staged was no sooner than the single run with seed {', '.join(late)}."
        elif what[0] != "kaggle-prz":
            sooner = [
                str(each.run["seed"])
                for each in found
                if each.seconds is not None
                and each.seconds < (ours.get(each.run["seed"]) or float("inf"))
            ]
            if sooner:
                yield f"{' '.join(what)} was sooner than staged with seed {', '.join(sooner)}."


def _loaders(runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """Images a second of the first epoch and of later ones."""
    rows, speeds, short = [], defaultdict(dict), []
    for run in runs:
        for size in run["sizes"]:
            first, *later = (size["images"] / seconds for seconds in size["seconds"])
            named = f"{run['tool']}, {run['competition']}"
            rows.append(
                [named, f"{size['image_size']}", spread([first], 0), spread(later or [first], 0)]
            )
            speeds[run["competition"], size["image_size"]][run["tool"]] = statistics.median(
                later or [first]
            )
    for (competition, size), each in speeds.items():
        if each and max(each, key=each.get) != "kaggle-prz":
            short.append(f"{max(each, key=each.get)} was fastest at {size} px of {competition}.")
    once = [
        f"Decoding all {run['sizes'][0]['images']:,} photographs of {run['competition']} once, at "
        f"{len(run['sizes'])} sizes together, took {run['decoding_once']:.1f} s."
        for run in runs
        if "decoding_once" in run
    ]
    head = ["tool", "px", "images a second, first epoch", "later epochs"]
    return [table(head, rows), *once], short


def _ablation(runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """A table a competition: log loss of every element, and its difference over the seeds."""
    tables = []
    for competition in dict.fromkeys(run["competition"] for run in runs):
        own = [run for run in runs if run["competition"] == competition]
        tables.append(f"`{competition}`, medians over seeds (smallest–largest):")
        rows = [
            [
                element,
                spread(losses, 4),
                "" if element == ablation.AS_IT_IS else _signed(differences),
                "" if element == ablation.AS_IT_IS else ablation.verdict(differences),
            ]
            for element, losses, differences in ablation.table(own)
        ]
        tables.append(table(["element", "log loss", "difference", "verdict"], rows))
    return tables, []


def _signed(differences: Sequence[float]) -> str:
    if not differences:
        return ""
    middle, low, high = statistics.median(differences), min(differences), max(differences)
    return f"{middle:+.4f} ({low:+.4f} to {high:+.4f})"


def _time_limits(runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """A row a limit, and how many were kept."""
    found = sorted((one for run in runs for one in run["figures"]), key=lambda one: one["limit"])
    good = [one for one in found if one["kept"] and not one["fault"]]
    used = sum(one["used"] >= _WELL_USED for one in good)
    rows = [
        [
            f"{one['limit']:g}",
            f"{one['wall']:.1f}" + ("" if one["kept"] else " (overrun)"),
            f"{one['used']:.0%}",
            one["fault"] or (f"{one['score']:.4f}" if "score" in one else ""),
        ]
        for one in found
    ]
    said = (
        f"{len(good)} of {len(found)} ended in time, with a valid submission; {used} of them "
        f"used at least {_WELL_USED:.0%} of it."
    )
    head = ["limit, s", "ended after, s", "used", "out-of-fold log loss"]
    return [said, table(head, rows)], []


def _figures(runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """Whatever a benchmark wrote: a row a number, or a list of numbers."""
    rows = []
    for run in runs:
        figures = run["figures"]
        chosen = figures.get("ratios", figures) if isinstance(figures, dict) else figures
        rows += [[name, value] for name, value in _flat("", chosen)]
    return [table(["what", "median (smallest–largest)"], rows)], []


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name} {key}".strip(), inner)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for key in value[0]:
            yield from _flat(f"{name} {key}".strip(), [one[key] for one in value if key in one])
    elif isinstance(value, list) and value and all(isinstance(one, int | float) for one in value):
        yield name, spread(value, 3)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, f"{value:,.3f}".rstrip("0").rstrip(".")
    elif isinstance(value, str):
        yield name, value


def _circumstances(runs: Sequence[Run]) -> Iterator[str]:
    """Machine, days, versions and commands, each once."""
    measured = [run["measured"] for run in runs]
    machines = dict.fromkeys(
        f"{each['processor']}, {each['cores']} cores, {each['memory_GB']} GB" for each in measured
    )
    days = sorted({each["date"] for each in measured})
    versions: dict[str, str] = {}
    for run in runs:
        versions |= run["measured"]["versions"] | run.get("versions", {})
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    yield f"Measured {when} on {'; '.join(machines)}, with {listed}."
    commands = dict.fromkeys(each["command"] for each in measured)
    yield "```console\n" + "\n".join(commands) + "\n```"


@click.command()
def main() -> None:
    """Write the page."""
    by_hand = PAGE.read_text("utf-8").partition(MARK)[0]
    PAGE.write_text(f"{by_hand}{MARK}\n{generated()}", "utf-8")


if __name__ == "__main__":
    main()
