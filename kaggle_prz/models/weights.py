"""A network's weights <-> a file, without the state of the optimizer that trained it."""

import warnings
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
        load(bare(model), path)
    except OSError as error:
        raise RunError(
            f"{path} is damaged ({error}). Run the fit command again: it trains that fold again."
        ) from None


def load(model: keras.Model, path: Path) -> None:
    """Set every weight of a model from a file that Keras wrote.

    Keras leaves weights that it does not find in a file as they are, and warns, also where nothing
    is missing. So they are NaN before, and looked at afterwards.

    Raises:
        ValueError: a weight is not in the file, or has another shape there.
    """
    wanted = [v for v in model.variables if keras.backend.is_float_dtype(v.dtype)]
    for variable in wanted:
        variable.assign(np.full(variable.shape, np.nan, np.float32))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipping nested container", UserWarning)
        model.load_weights(path)
    missing = [v.path for v in wanted if np.isnan(keras.ops.convert_to_numpy(v)).all()]
    if missing:
        raise ValueError(f"The file has no weights for {missing[0]} and {len(missing) - 1} others.")


def bytes_of(model: keras.Model) -> int:
    """Return about what a file of a model's weights takes."""
    numbers = sum(int(np.prod(array.shape)) for array in model.weights)
    return 4 * numbers + _BYTES_A_GROUP * (len(model.weights) + len(model.layers))
