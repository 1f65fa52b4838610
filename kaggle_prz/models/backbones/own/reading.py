"""A text such as `net.py:function` or `net.keras` -> the backbone that it names."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone, Origin
from kaggle_prz.models.backbones.own import imported, plain_name, saved, wrap
from kaggle_prz.models.backbones.own.refusals import network_or_function
from kaggle_prz.models.backbones.own.written import Written, refusal


def read(written: Written, directory: Path | None = None) -> Backbone:
    """Return the backbone of a text; what is relative is looked for in `directory` first.

    Then in the current directory: a project may have moved since a run wrote the text down.
    """
    here = Path.cwd()
    directories = [here] if directory is None else list(dict.fromkeys([directory, here]))
    if written.is_saved:
        file = written.located(directories)
        model = saved.load(written, file)
        backbone = wrap(model, name=plain_name(file.stem))
        return replace(backbone, origin=Origin(written.text, here, file))
    found, of = imported.load(written, directories)
    import keras

    try:
        network = network_or_function(found)
    except UsageError as error:
        raise refusal(written.text, str(error)) from None
    name = plain_name(written.attribute)
    if not isinstance(network, keras.Model):
        places = directories if written.module or of is None else [of.parent, *directories]
        network = _called_with(network, places)
    backbone = wrap(network, name=name)
    return replace(backbone, origin=Origin(written.text, here, of, written.attribute))


def _called_with(
    function: Callable[[int], object], directories: Sequence[Path]
) -> Callable[[int], object]:
    """Return a function that finds the modules which the user's imports when it is called.

    Its module is this one, so an exception that the user's module defines is reported as any other.
    """

    @functools.wraps(function, assigned=("__name__", "__doc__"))
    def build(image_size: int) -> object:
        with imported.importable(directories):
            return function(image_size)

    return build
