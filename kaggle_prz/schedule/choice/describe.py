"""A choice of backbone in words: the table of candidates, and why."""

from kaggle_prz.core.console import Console, duration
from kaggle_prz.schedule.choice import Choice


def show(choice: Choice, console: Console) -> None:
    """Show a row a candidate, and the reason for the one that was chosen."""
    size = f"at {choice.image_size} px"
    console.table(
        f"candidates for the backbone on {choice.device}",
        ("backbone", "top-1", "weights", f"batch {size}", f"epoch {size}", "whole run", "verdict"),
        [
            (
                row.name,
                f"{row.top_1:.1f} %",
                row.weights,
                "not known" if row.batch is None else str(row.batch),
                duration(row.epoch_seconds),
                duration(row.seconds),
                row.verdict,
            )
            for row in choice.candidates
        ],
    )
    console.say(f"Times are predicted from {choice.speeds}; an epoch is of all folds together.")
    console.say(f"{choice.why[0].upper()}{choice.why[1:]}.")
