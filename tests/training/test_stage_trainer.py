"""Many folds in one compiled model: traced once, each as if it were the first, stopped in time."""

import itertools
import statistics
import types

import keras
import numpy as np
import pytest
from support.toy_nets import equal, pictures, plain, stage

from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import Classifier, build
from kaggle_prz.schedule import ramps
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.tasks.outputs import Heads, Numbers
from kaggle_prz.training import stage_trainer
from kaggle_prz.training.callbacks import callbacks
from kaggle_prz.training.callbacks.callbacks import learning_rate_at
from kaggle_prz.training.data import TrainBatches
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer, TrainingError

pytestmark = pytest.mark.keras

PIXELS, LABELS = pictures(40)


def work(fold=0, rows=40, epochs=1.0, **options) -> FoldWork:
    chosen = np.arange(rows)
    return FoldWork(fold, PIXELS, chosen, LABELS[chosen], epochs, **options)


@pytest.fixture
def full_rate(monkeypatch):
    """Few steps of a pretrained network go at the stage's rate, too."""
    monkeypatch.setattr(stage_trainer, "_STEPS_AT_FULL_RATE", 1)


def prepared(backbone="tiny", policy="float32", dropout=0.2, **changes):
    """A classifier, its trainer and its first weights."""
    chosen = resolve(backbone) if isinstance(backbone, str) else backbone
    made = build(chosen, 16, 4, policy=policy, dropout=dropout, seed=1)
    return made, StageTrainer(made, stage(**changes), Recipe()), made.model.get_weights()


def test_one_trace_serves_the_measurement_and_folds_of_every_size():
    made, trainer, fresh = prepared()
    trainer.measure(work())
    assert trainer.traces == 1
    for fold, rows in enumerate((40, 33, 17)):
        made.model.set_weights(fresh)
        trainer.train(work(fold, rows, epochs=2))
    assert trainer.traces == 1


def test_callbacks_see_every_step_after_the_learning_rate_is_set():
    _, trainer, _ = prepared()
    rates = []
    look = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: rates.append(
            float(trainer._model.optimizer.learning_rate)
        )
    )
    history = trainer.train(work(), callbacks=[look])
    assert len(rates) == history.step.iloc[-1]
    assert rates[-1] == pytest.approx(history.learning_rate.iloc[-1])


def test_what_is_expected_of_a_fold_counts_and_not_what_its_stage_was_built_with():
    """A stage's epochs are settled after it is built, and a clock may end it long before."""
    for built in (0, 50):
        _, trainer, _ = prepared(plain(), epochs=built)
        history = trainer.train(work(epochs=6, expected=6))
        assert history.learning_rate.max() == pytest.approx(0.5e-3, rel=0.05)


@pytest.mark.parametrize(
    ("backbone", "rises"), [pytest.param("tiny", False, marks=pytest.mark.full), ("plain", True)]
)
def test_few_steps_of_a_pretrained_network_are_smaller(backbone, rises):
    """Twenty-five steps of sixty; sixty and more go at the stage's rate, as do random weights."""
    peaks = {}
    for epochs in (5, 12, 15):
        _, trainer, _ = prepared(plain() if backbone == "plain" else backbone, epochs=epochs)
        peaks[epochs] = trainer.train(work(epochs=epochs)).learning_rate.max()
    assert peaks[12] == pytest.approx(1e-3, rel=0.05)
    assert peaks[15] == pytest.approx(1e-3, rel=0.05)
    expected = 25 / 60 * peaks[12] if rises else peaks[12]
    assert peaks[5] == pytest.approx(expected, rel=0.05)


def test_numbers_have_no_accuracy():
    made = build(resolve("tiny"), 16, 1, activation="sigmoid", seed=1)
    trainer = StageTrainer(made, stage(), Recipe(), target=Numbers(1, np.zeros(1), np.ones(1)))
    rows = np.arange(40)
    targets = np.linspace(0, 1, 40, dtype=np.float32)[:, None]
    history = trainer.train(FoldWork(0, PIXELS, rows, targets, 1.0))
    assert np.isfinite(history.loss).all()
    assert history.accuracy.isna().all()


def test_heads_are_trained_together_in_one_trace():
    heads = (2, 4)
    made = build(plain(), 16, 6, heads=heads, dropout=0.0, seed=1)
    trainer = StageTrainer(made, stage(learning_rate=1e-12), Recipe(), target=Heads(6, heads))
    labels = np.stack([LABELS % 2, LABELS], axis=1)
    history = trainer.train(FoldWork(0, PIXELS, np.arange(40), labels, 1.0))
    given = made.model.predict(PIXELS, verbose=0)
    each = [given[np.arange(40), labels[:, 0]], given[np.arange(40), 2 + labels[:, 1]]]
    assert history.loss.mean() == pytest.approx(-np.log(each).mean(), abs=1e-4)
    right = [given[:, :2].argmax(1) == labels[:, 0], given[:, 2:].argmax(1) == labels[:, 1]]
    assert history.accuracy.mean() == pytest.approx(np.mean(right), abs=1e-5)
    assert trainer.traces == 1


def test_mixing_ends_in_the_last_fifth_and_costs_no_second_trace(monkeypatch):
    asked = []

    def mixes(index, stages, progress):
        asked.append((index, stages, round(progress, 4)))
        return ramps.mixes(index, stages, progress)

    monkeypatch.setattr(stage_trainer, "mixes", mixes)
    made = build(resolve("tiny"), 16, 4, seed=1)
    options = {"mixup": 0.2, "cutmix": 1.0, "randaugment": 5.0, "label_smoothing": 0.1}
    trainer = StageTrainer(made, stage(**options), Recipe(sizes=(16,)))
    trainer.measure(work())
    history = trainer.train(work(epochs=2))
    assert asked[-10:] == [(0, 1, round(step / 10, 4)) for step in range(10)]
    assert trainer.traces == 1
    assert np.isfinite(history.loss).all()
    assert ((history.accuracy >= 0) & (history.accuracy <= 1)).all()


def test_heads_are_mixed_each_by_its_own_shares():
    made = build(plain(), 16, 6, heads=(2, 4), dropout=0.0, seed=1)
    labels = np.stack([LABELS % 2, LABELS], axis=1)
    mixed = stage(learning_rate=1e-12, mixup=1.0, cutmix=1.0)
    trainer = StageTrainer(made, mixed, Recipe(sizes=(16, 24)), target=Heads(6, (2, 4)))
    history = trainer.train(FoldWork(0, PIXELS, np.arange(40), labels, 2.0))
    assert np.isfinite(history.loss).all()
    assert trainer.traces == 1


def test_a_stage_trains_on_crops_of_larger_pictures():
    made, trainer, fresh = prepared()
    wide = np.pad(PIXELS, ((0, 0), (1, 1), (1, 1), (0, 0)))
    trainer.train(FoldWork(0, wide, np.arange(40), LABELS, 1.0))
    assert not equal(made.model.get_weights(), fresh)


def test_traces_are_counted():
    """Shows that the count above can be another."""
    made, trainer, _ = prepared()
    trainer.train(work())
    made.model.make_train_function(force=True)
    trainer.train(work())
    assert trainer.traces == 2


@pytest.mark.parametrize(
    "policy", ["float32", pytest.param("mixed_float16", marks=pytest.mark.full)]
)
def test_a_fold_trained_second_is_the_fold_trained_first(policy):
    made, trainer, fresh = prepared(policy=policy, dropout=0.5, learning_rate=0.01)
    first = trainer.train(work(1, epochs=1.5))
    expected = made.model.get_weights()
    assert not equal(expected, fresh)

    made, trainer, again = prepared(policy=policy, dropout=0.5, learning_rate=0.01)
    assert equal(fresh, again)
    trainer.measure(work(0))
    trainer.train(work(0))
    made.model.set_weights(again)
    second = trainer.train(work(1, epochs=1.5))
    assert second.loss.tolist() == pytest.approx(first.loss.tolist(), abs=1e-6)
    for one, other in zip(expected, made.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_folds_see_batches_of_their_own():
    made, trainer, fresh = prepared(dropout=0.0)
    first = trainer.train(work(0)).loss.tolist()
    made.model.set_weights(fresh)
    assert trainer.train(work(1)).loss.tolist() != pytest.approx(first, abs=1e-4)


@pytest.mark.parametrize(
    ("epochs", "rows", "steps"),
    [(1.0, 40, 5), (0.5, 40, 2), (1.5, 40, 8), (2.3, 33, 9), (0.01, 40, 1), (3.0, 6, 3)],
)
def test_fractional_epochs_end_within_a_pass(epochs, rows, steps):
    made, trainer, _ = prepared(backbone=plain())
    history = trainer.train(work(rows=rows, epochs=epochs))
    assert history.step.iloc[-1] == steps == trainer.steps(rows, epochs)
    assert history.epoch.iloc[-1] == pytest.approx(steps / max(1, rows // 8), abs=1e-3)
    assert made.model.optimizer.iterations.numpy() == steps


@pytest.mark.usefixtures("full_rate")
def test_a_deadline_ends_training_early_with_the_learning_rate_annealed(monkeypatch):
    """On a clock that goes on by a millisecond whenever it is looked at."""
    ticks = itertools.count(100_000)
    clock = types.SimpleNamespace(monotonic=lambda: next(ticks) / 1000)
    monkeypatch.setattr(callbacks, "time", clock)
    _, trainer, _ = prepared(backbone=plain(), learning_rate=1e-3)
    history = trainer.train(work(epochs=10_000, deadline=clock.monotonic() + 0.5))
    assert 50 < history.step.iloc[-1] < 500
    assert clock.monotonic() < 100.6
    assert history.learning_rate.iloc[-1] == pytest.approx(1e-5, rel=0.1)


@pytest.mark.usefixtures("full_rate")
def test_history_is_what_the_batches_say():
    """Losses by hand: the model hardly moves, so each step's loss is that of its batch."""
    made, trainer, _ = prepared(backbone=plain(), dropout=0.0, learning_rate=1e-12)
    told = []
    history = trainer.train(
        work(epochs=2, flips=("horizontal",)), lambda steps, note: told.append((steps, note))
    )
    batches = TrainBatches(
        PIXELS, np.arange(40), LABELS, batch_size=8, flips=("horizontal",), seed=(0, 1, 0)
    )
    losses, accuracies = [], []
    for _ in range(2):
        batches.on_epoch_end()  # Keras shuffles before the first pass, too
        for index in range(5):
            pixels, labels = batches[index]
            given = np.asarray(made.model(pixels.astype("float32"), training=False))
            losses.append(-np.log(given[np.arange(8), labels]).mean())
            accuracies.append((given.argmax(axis=1) == labels).mean())
    assert list(history.columns) == [
        "step", "epoch", "loss", "accuracy", "learning_rate", "seconds",
    ]  # fmt: skip
    assert history.step.tolist() == list(range(1, 11))
    np.testing.assert_allclose(history.loss, losses, atol=1e-4)
    np.testing.assert_allclose(history.accuracy, accuracies, atol=1e-5)
    np.testing.assert_allclose(
        history.learning_rate, [learning_rate_at(step / 10, 1e-12) for step in range(10)]
    )
    assert history.seconds.is_monotonic_increasing
    assert len(told) == 10
    assert told[0] == (1, f"loss {losses[0]:.3f}")


@pytest.mark.usefixtures("full_rate")
def test_a_loss_that_is_no_number_is_a_sentence():
    _, trainer, _ = prepared(backbone=plain(), learning_rate=1e38)
    with pytest.raises(TrainingError) as raised:
        trainer.train(work(fold=3, epochs=40))
    message = str(raised.value)
    assert "The loss became nan in stage1-16, fold 3, step" in message
    assert "after going back 3 times to good weights at half the learning rate" in message
    assert "(learning rate 1.2e+37). Use a lower --learning-rate" in message


def test_weights_that_are_no_numbers_are_noticed_at_the_first_step():
    made, trainer, _ = prepared(backbone=plain())
    made.set_head(np.full((6, 4), np.nan, np.float32), np.zeros(4, np.float32))
    with pytest.raises(TrainingError, match="step 1 "):
        trainer.train(work())


def test_measuring_leaves_every_weight_as_it_was():
    made, trainer, fresh = prepared(learning_rate=0.1)
    assert trainer.measure(work()) > 0
    assert equal(made.model.get_weights(), fresh)


@pytest.mark.filterwarnings("error:Your input ran out of data")
@pytest.mark.parametrize(("rows", "batch", "steps"), [(40, 8, 3), (17, 8, 2), (5, 5, 1)])
def test_speed_is_that_of_the_median_step_after_the_first(monkeypatch, rows, batch, steps):
    """Fewer batches than are measured at most: neither a warning nor steps that never were."""
    counts, told = [], [2.0, 8.0, 3.0]

    class Slow(stage_trainer.Clock):
        def on_train_batch_end(self, batch, logs=None):
            self.seconds.append(told[batch])

        def on_train_end(self, logs=None):
            counts.append(len(self.seconds))

    monkeypatch.setattr(stage_trainer, "Clock", Slow)
    monkeypatch.setattr(stage_trainer, "_STEPS_MEASURED", 3)
    _, trainer, _ = prepared(backbone=plain())
    median = statistics.median(told[:steps])
    assert trainer.measure(work(rows=rows)) == pytest.approx(batch / median)
    assert counts == [1, steps]


def test_weights_decay_but_neither_biases_nor_norms():
    made, _, _ = prepared()
    recipe = Recipe(weight_decay=0.9)
    trainer = StageTrainer(made, stage(learning_rate=0.01), recipe)
    optimizer = made.model.optimizer
    assert optimizer.weight_decay == 0.9
    decaying = {
        variable.path.rpartition("/")[2]
        for variable in made.model.trainable_variables
        if optimizer._use_weight_decay(variable)
    }
    assert decaying == {"kernel"}
    assert trainer.traces == 0


def test_training_learns():
    made, trainer, _ = prepared(learning_rate=1e-2, dropout=0.0)
    history = trainer.train(work(epochs=10))
    assert history.loss.iloc[-1] < 0.5 * history.loss.iloc[0]
    assert isinstance(made, Classifier)
    given = keras.ops.convert_to_numpy(made.model(PIXELS.astype("float32"), training=False))
    assert (given.argmax(axis=1) == LABELS).mean() > 0.9
