"""Of two classes, the one that a probability is of."""

from dataclasses import replace

from kaggle_prz.errors import UsageError
from kaggle_prz.layouts import words
from kaggle_prz.layouts.encoded import Column, Encoded, codes
from kaggle_prz.layouts.tables import Sample


def probability_of_two(this: Column) -> Encoded | None:
    """Two classes where cells are probabilities of one of them; else None."""
    if len(this.found) != 2:
        return None
    wants = this.metric.wants if this.metric is not None else ""
    if wants == "labels" and not this.sample.fractional():
        return None
    if this.found == ["0", "1"]:
        shown = "labels are 0 and 1"
    elif _asks_for_one_of_two(this, wants):
        shown = "two classes, and the sample's cells are numbers"
    else:
        return None
    rule = f"{shown}: probability of {this.found[1]}"
    return Encoded(
        "classes", "probability", tuple(this.found), codes(this.values, this.found), rule
    )


def _asks_for_one_of_two(this: Column, wants: str) -> bool:
    """Whether cells beside two classes that are not 0 and 1 are probabilities."""
    cells = set(this.sample.column(this.sample.targets[0]).tolist()) - {""}
    numbers = this.sample.numbers()
    if not cells:
        return wants == "probabilities"
    if this.sample.fractional():
        return bool(numbers.dropna().between(0, 1).all())
    ids = all(name.isdecimal() for name in this.found)
    return cells <= {"0", "1"} and (
        not ids or (wants == "probabilities" and not cells & {*this.found})
    )


def choose_positive(read: Encoded, sample: Sample, positive: str | None) -> Encoded:
    """Bring the two classes of a probability into their order: the positive one is the second.

    It is the one that is given, else `1`, else the one that the sample's column is called after,
    else the second in order, which is told in a warning.

    Raises:
        UsageError: `positive` is no class, or cells hold no probability of one class.
    """
    names = list(read.classes)
    if positive is not None and (read.kind != "classes" or positive not in names):
        raise UsageError(
            f"--positive {positive!r} is none of the classes; they are {', '.join(names[:8])}."
        )
    if read.cell != "probability":
        if positive is not None:
            raise UsageError("--positive is for two classes and one column of probabilities.")
        return read
    warnings: tuple[str, ...] = ()
    said = [name for name in names if words.plain(name) in words.parts(sample.targets[0])]
    if positive is not None:
        rule = "given with --positive"
    elif names == ["0", "1"]:
        positive, rule = "1", "labels are 0 and 1"
    elif len(said) == 1:
        positive, rule = said[0], f"the column {sample.targets[0]} names it"
    else:
        positive, rule = names[1], "the second of two classes in their order"
        warnings = (
            f"Probabilities are of {positive!r}, {rule}; if they should be of {names[0]!r}, say "
            f"--positive {names[0]!r}.",
        )
    labels = read.labels if positive == names[1] else 1 - read.labels
    other = names[1 - names.index(positive)]
    return replace(
        read,
        classes=(other, positive),
        labels=labels,
        rule=read.rule.replace(f"of {names[1]}", f"of {positive}"),
        positive_rule=rule,
        warnings=(*read.warnings, *warnings),
    )
