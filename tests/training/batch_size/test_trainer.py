"""Memory that runs out in a step: half the batch, the fold from its beginning, all folds sealed."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from support.toy_nets import equal, pictures, plain, stage
from support.toys import Recorder

import kaggle_prz as prz
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.models.classifier import build
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.batch_size import Batch
from kaggle_prz.training.batch_size import trainer as trainers
from kaggle_prz.training.batch_size.trainer import Trainer
from kaggle_prz.training.callbacks import callbacks
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer

pytestmark = pytest.mark.keras

PIXELS, LABELS = pictures(160)
NONE = Recipe(sizes=(16,), batch_size=16)


@pytest.fixture
def memory_for(monkeypatch):
    """Make steps run out of memory, in TensorFlow's own way, from a number of images on."""

    def limit(*, train=10**6, predict=10**6):
        def needing_memory(step, most):
            def check(count):
                if count > most:
                    raise MemoryError(f"{count} images")  # a ResourceExhaustedError outside

            def limited(model, data):
                images = data[0] if isinstance(data, tuple) else data
                tf.py_function(check, [tf.shape(images)[0]], [])
                return step(model, data)

            return limited

        for name, most in (("train_step", train), ("predict_step", predict)):
            step = getattr(keras.Model, name)
            monkeypatch.setattr(keras.Model, name, needing_memory(step, most))

    return limit


def work(rows=32, epochs=1.0) -> FoldWork:
    chosen = np.arange(rows)
    return FoldWork(0, PIXELS, chosen, LABELS[chosen], epochs)


def trainer_of(made, recipe=NONE, console=None, **options) -> Trainer:
    def make(each, with_recipe):
        return StageTrainer(made, each, with_recipe)

    size = 16 if recipe.batch_size == "auto" else recipe.batch_size
    first = stage(batch_size=size)
    return Trainer(make, first, recipe, console=console or Recorder(), **options)


def test_the_limit_is_an_error_of_tensorflow(memory_for):
    memory_for(train=8)
    made = build(plain(), 16, 4)
    trainer = StageTrainer(made, stage(batch_size=16), NONE)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        trainer.train(work())
    with pytest.raises(tf.errors.ResourceExhaustedError):
        trainer.measure(work())


def test_a_fold_begins_anew_with_half_the_batch(memory_for):
    memory_for(train=4)
    made, console, begun = build(plain(), 16, 4), Recorder(), []
    trainer = trainer_of(made, console=console)
    history = trainer.train(work(), None, lambda: begun.append(trainer.batch))
    assert begun == [Batch(8, 2), Batch(4, 4)]
    assert trainer.batch == (4, 4)
    assert trainer.stage.batch_size == 4
    assert history.step.iloc[-1] == 8
    assert made.model.optimizer.gradient_accumulation_steps == 4
    assert trainer.traces == 3
    assert console.lines[0] == (
        "Note: out of memory in a training step with 16 images in stage1-16; continuing with 8, "
        "and gradients are averaged over 2 steps."
    )
    assert trainer.notes[1].startswith("out of memory in a training step with 8 images")


def test_halves_change_the_weights_as_the_whole_does(memory_for, monkeypatch):
    """At a learning rate that does not move, for a step that changes weights is a later one."""
    monkeypatch.setattr(callbacks, "learning_rate_at", lambda _, peak: peak)
    found = []
    for most in (16, 4):
        made = build(plain(), 16, 4, dropout=0.0, seed=1)
        fresh = made.model.get_weights()
        memory_for(train=most)
        trainer_of(made).train(
            work(), None, lambda made=made, fresh=fresh: made.model.set_weights(fresh)
        )
        found.append(made.model.get_weights())
        assert not equal(found[-1], fresh)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)


def test_one_image_that_does_not_fit_is_a_sentence(memory_for):
    memory_for(train=0)
    trainer = trainer_of(build(plain(), 16, 4))
    with pytest.raises(RunError, match="for a training step with one image"):
        trainer.train(work(), None, lambda: None)


@pytest.mark.full
def test_a_run_ends_with_all_folds_sealed_and_says_what_it_used(memory_for, tmp_path):
    memory_for(train=4, predict=5)
    Shapes(seed=3, train=48, test=12).materialise(tmp_path / "drawn")
    console = Recorder()
    options = {"backbone": "tiny", "sizes": (16, 24), "folds": 2, "epochs": 1, "batch_size": 8}
    run = prz.fit(str(tmp_path / "drawn"), output_dir=tmp_path / "runs", console=console, **options)
    assert all(run.is_sealed(stage) for stage in run.stages)
    assert [stage.batch_size for stage in run.stages] == [4, 4]
    for each in run.stages:
        record = filesystem.read_json(run.path / each.name / "stage.json")
        assert record["batch"] == [4, 2]
        assert any("continuing with 4, and gradients are" in note for note in record["decisions"])
        for fold in (0, 1):
            history = pd.read_csv(run.directory(each, fold) / "history.csv")
            assert history.step.iloc[-1] == round(each.epochs * (24 // 4))
    noted = [line for line in console.lines if "out of memory" in line]
    assert len(noted) == 4  # once a stage for training, once for predicting
    assert any("while predicting 8 images at once in stage1-16" in line for line in noted)


def test_a_batch_found_before_is_gone_on_with():
    trainer = trainer_of(build(plain(), 16, 4), batch=Batch(4, 4))
    assert (trainer.stage.batch_size, trainer.batch) == (4, (4, 4))


def test_auto_on_a_processor_is_the_usual_batch():
    trainer = trainer_of(build(plain(), 16, 4), Recipe(sizes=(16,), batch_size="auto", ema=0))
    trainer.settle(work(), None)
    assert trainer.notes == ("batch size: 32 at 16 px, on a CPU",)
    assert trainer.traces == 0


def test_auto_on_an_accelerator_takes_the_largest_that_fits(memory_for, monkeypatch):
    """On a made-up accelerator that has room for 9 images: tried 16 and 8, from the largest on."""
    memory_for(train=9)
    monkeypatch.setattr(trainers, "on_accelerator", lambda: True)
    monkeypatch.setattr(trainers.batch_size, "FEWEST", 4)
    recipe = Recipe(sizes=(16,), batch_size="auto", learning_rate=1e-3)
    made = build(plain(), 16, 4)
    fresh = made.model.get_weights()
    trainer = trainer_of(made, recipe)
    trainer.settle(work(160 * 2 // 2), None)
    assert trainer.stage.batch_size == trainer.prediction_batch == 8
    assert trainer.stage.learning_rate == pytest.approx(1e-3 * np.sqrt(8 / 32))
    assert trainer.notes[0].startswith("batch size: 8 at 16 px, the largest power of two")
    assert equal(made.model.get_weights(), fresh)
    later = trainer_of(build(plain(), 16, 4), recipe)
    later.settle(work(), stage(batch_size=128, image_size=8))
    assert later.stage.batch_size == 32


def test_tests_train_on_processors():
    assert not trainers.on_accelerator()
