"""Tensors of a torch state dict in the file format of before 2020, read without torch.

Such a file is five pickles (magic number, protocol, system information, the state dict, the
storage keys) and then one raw little-endian storage for each key, preceded by its length.
"""

import collections
import os
import pickle
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from kaggle_prz.core.errors import DataError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGE_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "IntStorage": "<i4",
    "LongStorage": "<i8",
}


class _Storage(NamedTuple):
    key: str
    dtype: str


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _StateDictUnpickler(pickle.Unpickler):
    """Admits the five names a state dict needs; a pickle may name anything else in vain."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGE_DTYPES:
            return _STORAGE_DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a state dict")

    def persistent_load(self, pid: tuple[str, ...]) -> _Storage:
        _, dtype, key, *_ = pid
        return _Storage(str(key), dtype)


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a `.pth` file of torch before 1.6 by name; runs no code of it."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
    ) as error:
        raise DataError(
            f"{path} is not a torch state dict that can be read without torch: {error}. Install "
            "the package that provides it again, or convert the weights to Keras's .weights.h5."
        ) from error


def _read(file: IO[bytes]) -> dict[str, np.ndarray]:
    if _StateDictUnpickler(file).load() != _MAGIC or _StateDictUnpickler(file).load() != _PROTOCOL:
        raise ValueError("the file does not start with torch's magic number and protocol")
    _StateDictUnpickler(file).load()  # byte order and integer sizes of the machine that wrote it
    tensors: dict[str, _Tensor] = _StateDictUnpickler(file).load()
    keys: list[str] = _StateDictUnpickler(file).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages = {str(key): _read_storage(file, dtypes[str(key)]) for key in keys}
    return {name: _view(tensor, storages) for name, tensor in tensors.items()}


def _read_storage(file: IO[bytes], dtype: str) -> np.ndarray:
    count = int.from_bytes(file.read(8), "little", signed=True)
    size = count * np.dtype(dtype).itemsize
    lacking = size - (os.fstat(file.fileno()).st_size - file.tell())
    if count < 0 or lacking > 0:
        raise ValueError(f"the file ends {lacking} bytes early" if lacking > 0 else "damaged")
    return np.frombuffer(file.read(size), dtype)


def _view(tensor: _Tensor, storages: dict[str, np.ndarray]) -> np.ndarray:
    if min((tensor.offset, *tensor.shape, *tensor.strides)) < 0:
        raise ValueError("a tensor reaches beyond its storage")
    flat = storages[tensor.storage.key][tensor.offset :]
    reach = sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if flat.size <= reach and 0 not in tensor.shape:
        raise ValueError("a tensor reaches beyond its storage")
    strides = [stride * flat.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides).copy()
