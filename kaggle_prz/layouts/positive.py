"""Of two classes, the one that a probability is of."""

from dataclasses import replace

from kaggle_prz.errors import UsageError
from kaggle_prz.layouts import words
from kaggle_prz.layouts.encoded import Encoded
from kaggle_prz.layouts.tables import Sample


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
