"""Mistakes in the keys of a recipe, as sentences in the words of those who write recipes."""

import difflib
from collections.abc import Mapping, Sequence

import pydantic
from pydantic_core import ErrorDetails

# Keys of earlier versions, and what to write instead; where they were off, they are still read.
REMOVED = {
    "fixres": "to predict at a larger size, add that size with 0 epochs, such as --sizes "
    "160,240,320,384 --epochs 3,2,1,0",
    "average_last": "use ema to average the weights that predict, such as ema = 0.95",
}

# What a key that takes one number or several says of the form that was not meant.
_OF_ANOTHER_FORM = {"tuple_type", "float_type", "literal_error"}
_WORDS = {
    "tuple_type": "must be numbers in a list, such as [96, 144]",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
}


def _named(mistake: ErrorDetails) -> str:
    return str(mistake["loc"][0]) if mistake["loc"] else ""


def _known_beside(key: str, known: Sequence[str]) -> str:
    if key in REMOVED:
        return f"; {REMOVED[key]}"
    close = difflib.get_close_matches(key, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else "."
    return f"{meant} The keys are {', '.join(known)}"


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def sentences(
    error: pydantic.ValidationError, known: Sequence[str], sources: Mapping[str, str]
) -> str:
    """Return a line for each mistake in the keys of a recipe, with the source of the key."""
    lines = []
    mistakes = error.errors(include_url=False)
    told = {_named(mistake) for mistake in mistakes if mistake["type"] not in _OF_ANOTHER_FORM}
    for mistake in mistakes:
        key = _named(mistake)
        if key in told and mistake["type"] in _OF_ANOTHER_FORM:
            continue
        where = key or "epochs"  # the one rule of two keys is about them
        source = f"{sources[where]}: " if where in sources else ""
        if mistake["type"] == "extra_forbidden":
            lines.append(f"{source or 'recipe: '}unknown key {key!r}{_known_beside(key, known)}")
            continue
        written = _written(mistake["input"])
        message = _WORDS.get(mistake["type"], mistake["msg"]).removeprefix("Value error, ")
        message = message.replace("Input should be", "must be")
        if mistake["type"] == "too_long":
            message = f"takes at most {mistake['ctx']['max_length']} numbers"
        told_already = isinstance(mistake["input"], str) and message.startswith(written)
        received = f" (received {written})" if key and not told_already else ""
        lines.append(f"{source}{key or 'recipe'}: {message}{received}")
    return "\n".join(dict.fromkeys(lines))
