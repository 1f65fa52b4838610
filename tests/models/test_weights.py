"""Files of weights: the weights alone, and files that have more are read as well."""

import h5py
import numpy as np
import pytest
from support.toy_nets import equal, pictures, stage

from kaggle_prz.core.errors import RunError
from kaggle_prz.models import weights
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer

pytestmark = pytest.mark.keras

PIXELS, LABELS = pictures(16)


@pytest.fixture
def trained():
    made = build(resolve("tiny"), 16, 4, seed=1)
    StageTrainer(made, stage(), Recipe()).train(FoldWork(0, PIXELS, np.arange(16), LABELS, 1.0))
    return made.model


@pytest.mark.parametrize("with_optimizer", [False, True])
def test_weights_come_back_bit_by_bit(trained, tmp_path, with_optimizer):
    file = tmp_path / "model.weights.h5"
    if with_optimizer:
        trained.save_weights(file)
    else:
        weights.write(trained, file)
    fresh = build(resolve("tiny"), 16, 4, seed=2)
    assert not equal(fresh.model.get_weights(), trained.get_weights())
    StageTrainer(fresh, stage(), Recipe())  # compiled, with an optimizer of its own
    weights.read(fresh.model, file)
    assert equal(fresh.model.get_weights(), trained.get_weights())
    again = build(resolve("tiny"), 16, 4, seed=2).model
    again.load_weights(file)  # Keras alone reads it, too
    assert equal(again.get_weights(), trained.get_weights())


def test_no_state_of_the_optimizer_is_in_the_file(trained, tmp_path):
    whole, alone = tmp_path / "whole.weights.h5", tmp_path / "alone.weights.h5"
    trained.save_weights(whole)
    weights.write(trained, alone)
    with h5py.File(whole) as one, h5py.File(alone) as other:
        assert set(one) - set(other) == {"optimizer"}
    assert alone.stat().st_size < 0.6 * whole.stat().st_size
    assert alone.stat().st_size <= weights.bytes_of(trained) < 3 * alone.stat().st_size


def test_a_bare_model_shares_weights_and_nothing_else(trained):
    bare = weights.bare(trained)
    assert trained.compiled
    assert not bare.compiled
    assert all(one is other for one, other in zip(bare.weights, trained.weights, strict=True))


def test_a_damaged_file_is_named_with_what_mends_it(trained, tmp_path):
    file = tmp_path / "model.weights.h5"
    weights.write(trained, file)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(RunError, match=r"model\.weights\.h5 is damaged .* Run the fit command"):
        weights.read(trained, file)
