"""Weights of stage k -> the same network at the size of stage k+1: strict, by name."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras

from kaggle_prz.core.errors import PrzError
from kaggle_prz.models import positions


class TransferError(PrzError):
    """Two networks whose weights do not fit each other by name and shape."""


@dataclass(frozen=True)
class TransferReport:
    """What became of every weight of the receiving network, by name."""

    kept: tuple[str, ...]  # set from the weight of the same name and shape
    resampled: tuple[str, ...] = ()  # position embeddings, interpolated to the target's grid

    def to_json(self) -> dict[str, list[str]]:
        """Return the report as JSON values, with `resampled` only if there is any."""
        report: dict[str, list[str]] = {"kept": list(self.kept), "reinitialised": []}
        return report | ({"resampled": list(self.resampled)} if self.resampled else {})


def transfer(source: keras.Model, target: keras.Model) -> TransferReport:
    """Set every weight of `target` to the weight of the same name in `source`, or none at all.

    Position embeddings of another grid are interpolated, see `positions.resampled`.
    """
    return _set(named_weights(source), named_weights(target))


def transfer_in_order(source: keras.Model, target: keras.Model) -> TransferReport:
    """Set every weight of a copy of a network, whose names may differ as after loading a file."""
    given, wanted = _state(source), named_weights(target)
    if len(given) != len(wanted):
        raise TransferError(f"It has {len(given)} weights, and {len(wanted)} at the other size.")
    return _set(dict(zip(wanted, given, strict=True)), wanted)


def _set(
    given: Mapping[str, keras.Variable], wanted: Mapping[str, keras.Variable]
) -> TransferReport:
    report = fitting(_shapes(given), _shapes(wanted))
    for name in report.kept:
        wanted[name].assign(given[name])
    for name in report.resampled:
        wanted[name].assign(positions.resampled(given[name], tuple(wanted[name].shape)))
    return report


def fitting(
    given: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]
) -> TransferReport:
    """Return what `transfer` would do, from the shapes of weights by name alone."""
    pairs = [name for name in wanted if name in given]
    other = [name for name in pairs if given[name] != wanted[name]]
    resampled = tuple(name for name in other if positions.fit(name, given[name], wanted[name]))
    lacking = [name for name in wanted if name not in given]
    unused = [name for name in given if name not in wanted]
    misshapen = [
        f"{name} {given[name]} -> {wanted[name]}" for name in other if name not in resampled
    ]
    said = [
        *_side("missing in the source", lacking),
        *_side("missing in the target", unused),
        *_side("with another shape", misshapen),
    ]
    if said:
        raise TransferError(
            "Weights pass between stages by name and shape, and the two networks differ. "
            f"{' '.join(said)} Build both networks from the same backbone and classes."
        )
    return TransferReport(
        kept=tuple(name for name in pairs if name not in other),
        resampled=resampled,
    )


def _shapes(named: Mapping[str, keras.Variable]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in named.items()}


def _side(title: str, names: Sequence[str]) -> list[str]:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return [f"{len(names)} {title}: {', '.join(names[:12])}{more}."] if names else []


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """Return the variables of `model` by names that do not depend on what was built before it.

    Keras numbers layers that have no name of their own through the whole process
    (`conv2d_7`); here they are numbered within the model, in order.
    """
    ranks: defaultdict[str, dict[str, int]] = defaultdict(dict)
    named: dict[str, keras.Variable] = {}
    for variable in _state(model):
        name = "/".join(_within_model(part, ranks) for part in variable.path.split("/"))
        if name in named:
            raise TransferError(
                f"Two weights of {model.name!r} have the name {name!r}. Give its layers "
                "different names, so that weights can pass by name."
            )
        named[name] = variable
    return named


def _state(model: keras.Model) -> list[keras.Variable]:
    """Return weights and running statistics, without the state of random generators."""
    return [variable for variable in model.variables if "seed_generator" not in variable.path]


def _within_model(part: str, ranks: dict[str, dict[str, int]]) -> str:
    base = re.sub(r"_\d+$", "", part)
    rank = ranks[base].setdefault(part, len(ranks[base]))
    return f"{base}_{rank}" if rank else base
