"""Strategies that damage files of many pictures: their bytes, wherever they are."""

import io
import json
from functools import cache

import numpy as np
from hypothesis import strategies as st
from support.competitions.rows import hdf5, parquet, record

from . import bases
from .bases import Files

_ROWS, _TEST = 12, 4
_SIDE = 8


@cache
def _grids() -> list[list[int]]:
    random = np.random.default_rng(0)
    return random.integers(0, 256, (_ROWS, _SIDE * _SIDE)).tolist()


def _npz(**arrays: object) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


@cache
def sound() -> tuple[tuple[str, Files], ...]:
    """Small competitions, and how their pictures are referred to in each file."""
    grids, labels = _grids(), [n % 3 for n in range(_ROWS)]
    image, stack = bases.picture(), np.array(grids, np.uint8).reshape(-1, _SIDE, _SIDE)
    rows = [
        {"id": n, "grid": g, "label": k} for n, (g, k) in enumerate(zip(grids, labels, strict=True))
    ]
    wide = {f"p{n}": list(c) for n, c in enumerate(np.array(grids, np.uint8).T)}
    files = [{"bytes": image, "path": f"{n}.png"} for n in range(_ROWS)]
    examples = [record({"image": image, "id": b"%d" % n, "class": n % 3}) for n in range(_ROWS)]
    tests = [record({"image": image, "id": b"%d" % n}) for n in range(_TEST)]
    made: list[tuple[str, str, bytes, bytes]] = [
        ("", ".json", json.dumps(rows).encode(), json.dumps(rows[:_TEST]).encode()),
        ("", ".tfrec", b"".join(examples), b"".join(tests)),
        ("", ".parquet", parquet({**wide, "label": labels}),
         parquet({k: v[:_TEST] for k, v in wide.items()})),
        ("", ".parquet", parquet({"image": files, "label": labels}),
         parquet({"image": files[:_TEST]})),
        ("x#", ".npz", _npz(x=stack, label=labels), _npz(x=stack[:_TEST])),
        ("x#", ".h5", hdf5({"x": stack, "label": np.array(labels)}), hdf5({"x": stack[:_TEST]})),
    ]  # fmt: skip
    sample = bases.csv("id,label", [(n, 0) for n in range(_TEST)])
    return tuple(
        (member, {f"train{s}": train, f"test{s}": test, "sample_submission.csv": sample})
        for member, s, train, test in made
    )


def _damaged(draw: st.DrawFn, content: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 3))):
        what = draw(st.sampled_from(["flip", "flip", "cut", "insert", "fill"]))
        at = draw(st.integers(0, max(0, len(content) - 1)))
        value = draw(st.binary(min_size=1, max_size=8) | st.just(b"\xff" * 8))
        skip = len(value) if what in ("flip", "fill") else 0
        if what == "fill":
            value = value[:1] * len(value)
        content = content[:at] if what == "cut" else content[:at] + value + content[at + skip :]
    return content


@st.composite
def competitions(draw: st.DrawFn, most: int = 6) -> Files:
    """A competition one or both of whose files are damaged."""
    files = dict(draw(st.sampled_from(sound()[:most]))[1])
    for name in sorted(files)[1:][: draw(st.integers(1, 2))]:
        files[name] = _damaged(draw, files[name])
    return files


@st.composite
def pictures(draw: st.DrawFn, most: int = 6) -> tuple[str, bytes, int]:
    """A reference into a damaged file, its bytes, and the channels that are wanted."""
    member, files = draw(st.sampled_from(sound()[:most]))
    name = next(name for name in files if name.startswith("train"))
    row = draw(st.sampled_from([0, 3, _ROWS - 1, _ROWS, 10**9]))
    return f"{name}#{member}{row}", _damaged(draw, files[name]), draw(st.sampled_from([1, 3, 3, 5]))
