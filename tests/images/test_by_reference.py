import pickle

import numpy as np
import pytest

from kaggle_prz import images
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core.console import Silent
from kaggle_prz.images import by_reference


@pytest.mark.parametrize("cache", ["raw", "encoded", "none"])
def test_a_store_of_another_process_has_the_same_pixels(tmp_path, cache):
    Shapes(seed=5, train=30, test=10).materialise(root := tmp_path / "files")
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.png"))
    decoded = images.decode(root, files, (64,), tmp_path / "stores", Silent(), cache=cache)
    sent = pickle.dumps(by_reference.referred(decoded.stores))
    assert len(sent) < 40 * 64 * 64 * 3 / 10
    again = by_reference.opened(pickle.loads(sent))
    rows = np.arange(40)
    np.testing.assert_array_equal(again[64][rows], decoded.stores[64][rows])
    assert decoded.stores[64][rows].any()
