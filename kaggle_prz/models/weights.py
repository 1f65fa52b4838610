"""A network's weights <-> a file, without the state of the optimizer that trained it."""

from pathlib import Path

import keras
import numpy as np

from kaggle_prz.core.errors import RunError

_BYTES_A_GROUP = 4096  # of HDF5 itself, for every array


def bare(model: keras.Model) -> keras.Model:
    """Return the same layers in a model that was never compiled: no optimizer, nothing traced."""
    return keras.Model(model.inputs, model.outputs[0], name=model.name)


def write(model: keras.Model, path: Path) -> None:
    """Write the weights alone; Keras puts two more numbers of AdamW beside each otherwise."""
    bare(model).save_weights(path)


def read(model: keras.Model, path: Path) -> None:
    """Set the weights from a file of `write`, or of Keras with the optimizer's state in it."""
    try:
        bare(model).load_weights(path)
    except OSError as error:
        raise RunError(
            f"{path} is damaged ({error}). Run the fit command again: it trains that fold again."
        ) from None


def bytes_of(model: keras.Model) -> int:
    """Return about what a file of a model's weights takes."""
    numbers = sum(int(np.prod(array.shape)) for array in model.weights)
    return 4 * numbers + _BYTES_A_GROUP * (len(model.weights) + len(model.layers))
