"""Weights of stage k -> the same network at the size of stage k+1: strict, by name."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kaggle_prz.errors import PrzError


class TransferError(PrzError):
    """Two networks whose weights do not fit each other by name and shape."""


@dataclass(frozen=True)
class TransferReport:
    """What became of every weight of the receiving network, by name.

    Attributes:
        kept: set from the weight of the same name and shape.
        reinitialised: left at its own initial value, because that was asked for.
    """

    kept: tuple[str, ...]
    reinitialised: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {"kept": list(self.kept), "reinitialised": list(self.reinitialised)}


def transfer(
    source: keras.Model, target: keras.Model, *, reinitialise: Sequence[str] = ()
) -> TransferReport:
    """Set every weight of `target` to the weight of the same name in `source`.

    Args:
        source: the network of the stage before, weights loaded.
        target: the same network, built for another image size.
        reinitialise: prefixes of weight names that keep their initial values, such as `"head"`.

    Raises:
        TransferError: a weight without partner on either side, or of another shape; the message
            lists both sides. Nothing is changed then.

    Example:
        >>> small, large = (build_model("tiny", size, classes=4) for size in (32, 64))
        >>> len(transfer(small, large).kept)
        22
    """
    given, wanted = named_weights(source), named_weights(target)
    fresh = tuple(name for name in wanted if name.startswith(tuple(reinitialise)))
    kept = [name for name in wanted if name not in fresh]
    lacking = [name for name in kept if name not in given]
    unused = [name for name in given if name not in wanted]
    misshapen = [
        f"{name} {tuple(given[name].shape)} -> {tuple(wanted[name].shape)}"
        for name in kept
        if name in given and tuple(given[name].shape) != tuple(wanted[name].shape)
    ]
    if lacking or unused or misshapen:
        raise TransferError(
            "Weights pass between stages only whole, by name and shape, and these two networks "
            "differ."
            + _side("missing in the source", lacking)
            + _side("without place in the target", unused)
            + _side("of another shape", misshapen)
            + " Build both from the same backbone and classes."
        )
    for name in kept:
        wanted[name].assign(given[name])
    return TransferReport(kept=tuple(kept), reinitialised=fresh)


def overlay(model: keras.Model, values: Mapping[str, Any]) -> None:
    """Set some weights of `model` by name, such as those that were tuned to another size.

    Args:
        model: its other weights stay.
        values: name as in `named_weights` -> array of the weight's shape.

    Raises:
        TransferError: a weight that the model does not have, or of another shape. Nothing is
            changed then.
    """
    named = named_weights(model)
    unused = [name for name in values if name not in named]
    misshapen = [
        f"{name} {tuple(values[name].shape)} -> {tuple(named[name].shape)}"
        for name in values
        if name in named and tuple(values[name].shape) != tuple(named[name].shape)
    ]
    if unused or misshapen:
        raise TransferError(
            f"Weights are set by name and shape, and these are not of {model.name!r}."
            + _side("without place in the network", unused)
            + _side("of another shape", misshapen)
            + " Build it from the same backbone and classes."
        )
    for name, value in values.items():
        named[name].assign(value)


def _side(title: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f" {len(names)} {title}: {', '.join(names[:12])}{more}."


def named_weights(model: keras.Model) -> dict[str, Any]:
    """The variables of `model` by names that do not depend on what was built before it.

    Keras numbers layers that have no name of their own through the whole process
    (`conv2d_7`); here they are numbered within the model, in order.

    Raises:
        TransferError: two weights with one name.
    """
    ranks: defaultdict[str, dict[str, int]] = defaultdict(dict)
    named: dict[str, Any] = {}
    for variable in _state(model):
        name = "/".join(_within_model(part, ranks) for part in variable.path.split("/"))
        if name in named:
            raise TransferError(
                f"Two weights of {model.name!r} are called {name!r}; give its layers names of "
                "their own, so that weights can pass by name."
            )
        named[name] = variable
    return named


def _state(model: keras.Model) -> list[Any]:
    """Weights and running statistics, without the state of random generators."""
    return [variable for variable in model.variables if "seed_generator" not in variable.path]


def _within_model(part: str, ranks: dict[str, dict[str, int]]) -> str:
    base = re.sub(r"_\d+$", "", part)
    rank = ranks[base].setdefault(part, len(ranks[base]))
    return f"{base}_{rank}" if rank else base
