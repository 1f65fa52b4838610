"""The JAX backend, in processes of its own: steps seen from callbacks, and a whole run."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from kaggle_prz import runs

pytestmark = [pytest.mark.keras, pytest.mark.full]

STEPS = """
import keras
import numpy as np

from kaggle_prz.training.callbacks.averaging import WeightAverage
from kaggle_prz.training.callbacks.callbacks import Pace, WriteBack

assert keras.backend.backend() == "jax"
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
model.compile(keras.optimizers.SGD(0.0), "mse")
model.set_weights([np.ones((1, 1), "float32")])
pace, seen = Pace(3, 1.0, None), []


class See(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = (0.25, 0.0, 0.125)[batch]

    def on_train_batch_end(self, batch, logs=None):
        pace.step += 1
        seen.append(float(self.model.get_weights()[0][0, 0]))


average = WeightAverage(pace, momentum=0.5)
inputs = np.ones((3, 1), "float32")
model.fit(inputs, 0 * inputs, batch_size=1, verbose=0, callbacks=[WriteBack(), See(), average])
assert seen == [0.5, 0.5, 0.375], seen  # the gradient is twice the weight
own = model.get_weights()[0].copy()
for _ in range(2):  # what is averaged outlives the steps that use up what they are given
    with average.swapped(model):
        assert 0.375 < float(model.predict_on_batch(inputs)[0, 0]) < 0.5
    assert model.get_weights()[0] == own
"""


def in_jax(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )


def test_callbacks_see_the_weights_and_set_the_rate_of_every_step():
    done = in_jax("-W", "error::UserWarning", "-c", STEPS)
    assert done.returncode == 0, done.stderr


def test_a_second_run_compiles_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    options = ["-c", "shapes", "--backbone", "tiny", "--sizes", "16,24", "--folds", "2"]
    kept = []
    for name in ("first", "second"):
        done = in_jax(
            *("-m", "kaggle_prz.commands.cli", "fit", *options, "--epochs", "1,1"),
            *("--output-dir", str(tmp_path / name)),
        )
        assert done.returncode == 0, done.stderr
        place = Path(os.environ["KAGGLE_PRZ_HOME"]) / "compiled"
        kept.append({file.name for file in place.rglob("*") if "-cache" in file.name})
    assert kept[0] == kept[1] != set()


def test_a_run_trains_transfers_and_predicts(tmp_path):
    options = ["--competition", "shapes", "--sizes", "16,24", "--folds", "2", "--epochs", "2,1"]
    done = in_jax(
        "-m",
        "kaggle_prz.commands.cli",
        "fit",
        *options,
        "--output-dir",
        str(tmp_path),
        "--set",
        "tta=false",
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert "oneDNN" not in done.stderr
    run = runs.load_run(next(runs.all_runs(tmp_path)))
    assert run.submission.is_file()
    assert '"backend": "jax"' in (run.path / "environment.json").read_text("utf-8")
    history = pd.read_csv(run.path / "stage2-24" / "fold1" / "history.csv")
    assert history["loss"].notna().all()
