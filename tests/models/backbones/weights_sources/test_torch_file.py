"""The old torch format, written here by hand: no torch needed to read it, none to test it."""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaggle_prz.core.errors import DataError
from kaggle_prz.models.backbones.weights_sources.torch_file import read_state_dict

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
STORAGES = {"<f8": "DoubleStorage", "<f4": "FloatStorage", "<f2": "HalfStorage"}
STORAGES |= {"<i4": "IntStorage", "<i8": "LongStorage"}


class Name:
    """A global of a module that is not installed, as a pickle refers to it."""

    def __init__(self, module: str, name: str):
        self.module, self.name = module, name


class Call:
    """`function(*arguments)`, to be carried out by whoever unpickles it."""

    def __init__(self, function: Any, *arguments: Any):
        self.function, self.arguments = function, arguments


class Storage:
    """What a state dict refers to by a persistent id."""

    def __init__(self, key: str, values: np.ndarray):
        self.key, self.values = key, values


class Pickler(pickle._Pickler):  # the one in Python, which can be taught to write a name as it is
    dispatch = pickle._Pickler.dispatch.copy()

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, Storage):
            return None
        kind = Name("torch", STORAGES[obj.values.dtype.str])
        return "storage", kind, obj.key, "cpu", obj.values.size, None

    def save_name(self, obj: Name) -> None:
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())

    def save_call(self, obj: Call) -> None:
        self.save(obj.function)
        self.save(obj.arguments)
        self.write(pickle.REDUCE)

    dispatch[Name] = save_name
    dispatch[Call] = save_call


def tensor(
    values: np.ndarray,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *,
    offset: int = 0,
    key: str = "0",
    storage: Storage | None = None,
) -> Call:
    storage = storage or Storage(key, values)
    rebuild = Name("torch._utils", "_rebuild_tensor_v2")
    return Call(rebuild, storage, offset, shape, strides, False, OrderedDict())


def file_of(
    state: Any, storages: dict[str, np.ndarray], *, magic: int = MAGIC, protocol: int = PROTOCOL
) -> bytes:
    file = io.BytesIO()
    for part in (magic, protocol, SYSTEM, state, list(storages)):
        Pickler(file, protocol=2).dump(part)
    for values in storages.values():
        file.write(values.size.to_bytes(8, "little", signed=True) + values.tobytes())
    return file.getvalue()


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, np.ndarray]]:
    def write_and_read(content: bytes) -> dict[str, np.ndarray]:
        path = tmp_path / "model.pth"
        path.write_bytes(content)
        return read_state_dict(path)

    return write_and_read


NINE = np.arange(9, dtype="<f4")


@pytest.mark.parametrize("dtype", STORAGES)
def test_tensors_come_back_in_their_own_dtype(read, dtype):
    values = np.array([1, 2, 3, 4, 5, 6], dtype)
    state = OrderedDict(weight=tensor(values, (2, 3), (3, 1)))
    found = read(file_of(state, {"0": values}))
    assert list(found) == ["weight"]
    assert found["weight"].dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found["weight"], values.reshape(2, 3))


def test_strides_need_not_be_those_of_c(read):
    state = OrderedDict(
        transposed=tensor(NINE, (3, 3), (1, 3)),
        every_second=tensor(NINE, (4,), (2,), offset=1),
        repeated=tensor(NINE, (2, 3), (0, 1)),
    )
    found = read(file_of(state, {"0": NINE}))
    np.testing.assert_array_equal(found["transposed"], NINE.reshape(3, 3).T)
    np.testing.assert_array_equal(found["every_second"], [1, 3, 5, 7])
    np.testing.assert_array_equal(found["repeated"], [[0, 1, 2], [0, 1, 2]])
    assert all(array.flags.c_contiguous and array.flags.writeable for array in found.values())


def test_tensors_of_one_storage_and_of_several(read):
    shared, other = Storage("17", NINE), np.array([[7.5, -1.0]], "<f8")
    state = OrderedDict(
        head=tensor(NINE, (2,), (1,), storage=shared),
        tail=tensor(NINE, (3,), (1,), offset=6, storage=shared),
        double=tensor(other, (2,), (1,), key="5"),
        scalar=tensor(NINE, (), (), offset=4, storage=shared),
    )
    found = read(file_of(state, {"5": other, "17": NINE}))
    np.testing.assert_array_equal(found["head"], [0, 1])
    np.testing.assert_array_equal(found["tail"], [6, 7, 8])
    np.testing.assert_array_equal(found["double"], [7.5, -1.0])
    assert found["scalar"] == 4


@pytest.mark.parametrize(
    ("module", "name"), [("os", "system"), ("builtins", "eval"), ("pathlib", "Path.touch")]
)
def test_a_pickle_that_asks_for_code_is_refused_and_nothing_runs(read, tmp_path, module, name):
    proof = tmp_path / "it-ran"
    argument = {"os": f"touch {proof}", "builtins": f"open({str(proof)!r}, 'w')"}
    state = OrderedDict(weight=Call(Name(module, name), argument.get(module, str(proof))))
    with pytest.raises(DataError, match=f"{module}.{name} is not allowed in a state dict"):
        read(file_of(state, {}))
    assert not proof.exists()


def test_the_malicious_pickle_would_run_elsewhere(tmp_path):
    """Shows that the test above can fail."""
    proof = tmp_path / "it-ran"
    content = io.BytesIO()
    Pickler(content, protocol=2).dump(Call(Name("builtins", "eval"), f"open({str(proof)!r}, 'w')"))
    pickle.loads(content.getvalue()).close()
    assert proof.exists()


@pytest.mark.parametrize(("magic", "protocol"), [(MAGIC + 1, PROTOCOL), (MAGIC, PROTOCOL + 1)])
def test_another_magic_number_or_protocol_is_refused(read, magic, protocol):
    content = file_of(OrderedDict(), {}, magic=magic, protocol=protocol)
    with pytest.raises(DataError, match=r"does not start with torch's magic number.*Install"):
        read(content)


def test_a_file_that_ends_early_is_refused_wherever_it_ends(read):
    whole = file_of(OrderedDict(weight=tensor(NINE, (3, 3), (3, 1))), {"0": NINE})
    assert read(whole)["weight"].shape == (3, 3)
    for length in range(len(whole)):
        with pytest.raises(DataError, match=r"model\.pth is not a torch state dict"):
            read(whole[:length])
    with pytest.raises(DataError, match="ends 4 bytes early"):
        read(whole[:-4])


def test_a_tensor_beyond_its_storage_is_refused(read):
    state = OrderedDict(weight=tensor(NINE, (3, 4), (4, 1)))
    with pytest.raises(DataError, match="reaches beyond its storage"):
        read(file_of(state, {"0": NINE}))


@pytest.mark.parametrize(
    ("strides", "offset"), [((3, -1), 0), ((-3, 1), 0), ((1000, -1000), 0), ((3, 1), -9)]
)
def test_a_tensor_before_its_storage_is_refused(read, strides, offset):
    state = OrderedDict(weight=tensor(NINE, (3, 3), strides, offset=offset))
    with pytest.raises(DataError, match="reaches beyond its storage"):
        read(file_of(state, {"0": NINE}))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 the format of torch 1.6", b"\x80\x04N.", pickle.dumps({"a": 1})],
    ids=["empty", "zip", "none", "dict"],
)
def test_other_files_are_refused_in_a_sentence(read, content):
    with pytest.raises(DataError, match="not a torch state dict that can be read without torch"):
        read(content)


def test_a_state_dict_of_something_else_than_tensors_is_refused(read):
    with pytest.raises(DataError, match="not a torch state dict"):
        read(file_of(OrderedDict(weight=[1, 2, 3]), {}))


@pytest.mark.parametrize("length", [-1, -(2**63), 10, 2**40, 2**63 - 1])
def test_a_storage_of_a_length_that_is_not_there_is_refused(read, length):
    whole = file_of(OrderedDict(weight=tensor(NINE, (3, 3), (3, 1))), {"0": NINE})
    nine = (9).to_bytes(8, "little", signed=True)
    with pytest.raises(DataError, match="not a torch state dict"):
        read(whole.replace(nine, length.to_bytes(8, "little", signed=True)))
