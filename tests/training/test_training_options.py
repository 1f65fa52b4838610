"""What a recipe asks of training, alone and together: one trace, whatever folds ran before."""

import keras
import numpy as np
import pytest
from support.toy_nets import equal, pictures, plain, stage

from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.tasks import outputs
from kaggle_prz.training import stage_trainer
from kaggle_prz.training.optimization.losses import loss_and_metrics
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer, TrainingError

pytestmark = pytest.mark.keras

PIXELS, LABELS = pictures(40)
TARGETS = {
    "classes": LABELS,
    "heads": np.stack([LABELS % 2, LABELS], axis=1),
    "tags": np.stack([LABELS % 2, LABELS > 2], axis=1).astype(np.float32),
    "numbers": np.linspace(0, 1, 40, dtype=np.float32)[:, None],
}
FORMS = {
    "classes": outputs.Classes(4),
    "heads": outputs.Heads(6, (2, 4)),
    "tags": outputs.Tags(2),
    "numbers": outputs.Numbers(1, np.zeros(1), np.ones(1)),
}


def prepared(kind="classes", *, of=None, backbone="tiny", policy="float32", tell=None, **recipe):
    """A classifier, its trainer and its first weights."""
    target = FORMS[kind]
    chosen = resolve(backbone) if isinstance(backbone, str) else backbone
    made = build(
        chosen, 16, target.count, heads=target.heads, policy=policy, seed=1, dropout=0.3,
        activation=target.activation,
    )  # fmt: skip
    given = stage(learning_rate=1e-2, **(of or {}))
    options = Recipe(**({"ema": 0} | recipe))
    trainer = StageTrainer(made, given, options, target=target, tell=tell)
    return made, trainer, made.model.get_weights()


def work(kind="classes", fold=0, rows=40, epochs=1.0, **options) -> FoldWork:
    return FoldWork(fold, PIXELS, np.arange(rows), TARGETS[kind][:rows], epochs, **options)


def spread(model):
    """A score that differs from pass to pass."""
    return float(model.predict_on_batch(PIXELS[:8]).std())


EVERYTHING = {
    "layer_decay": 0.8, "accumulate": 2, "clipnorm": 0.5, "loss": "focal",
    "class_weight": "balanced", "patience": 1,
}  # fmt: skip
CASES = {
    "depth": ("classes", {"frozen": 0.3}, {"layer_decay": 0.7}),
    "losses": ("classes", {"label_smoothing": 0.1}, {"loss": "focal", "class_weight": "balanced"}),
    "ema": ("classes", {"mixup": 0.4}, {"ema": 0.9, "patience": 2, "class_weight": "balanced"}),
    "accumulated": ("classes", {}, {"ema": 0.5, "accumulate": 3}),
    "all of classes": ("classes", {"frozen": 0.5, "mixup": 0.2}, EVERYTHING | {"ema": 0.8}),
    "all of heads": ("heads", {"cutmix": 0.2}, EVERYTHING | {"ema": 0.8}),
    "all of tags": ("tags", {"label_smoothing": 0.1}, EVERYTHING | {"ema": 0.8}),
    "numbers": ("numbers", {"frozen": 0.5}, {"ema": 0.8, "accumulate": 2, "layer_decay": 0.5}),
}


@pytest.mark.parametrize(
    "case",
    [
        each if each == "all of classes" else pytest.param(each, marks=pytest.mark.full)
        for each in CASES
    ],
)
def test_one_trace_and_a_fold_that_is_the_same_whatever_was_trained_before(case):
    kind, of, recipe = CASES[case]
    policy = "mixed_float16" if case.startswith("all") else "float32"
    made, trainer, fresh = prepared(kind, of=of, policy=policy, **recipe)
    found = []
    for _ in range(2):
        made.model.set_weights(fresh)
        history = trainer.train(work(kind, 1, 33, epochs=2.3, validate=spread))
        with trainer.averaged(1):
            predicting = made.model.get_weights()
        found.append((history.loss.tolist(), made.model.get_weights(), predicting))
        assert np.isfinite(history.loss).all()
        assert ("val_score" in history) == ("patience" in recipe)
        made.model.set_weights(fresh)
        trainer.measure(work(kind))
        trainer.train(work(kind, 0, validate=spread))
    (losses, weights, first), (again, same, second) = found
    assert again == pytest.approx(losses, abs=1e-6)
    for one, other in zip([*weights, *first], [*same, *second], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert not equal(weights, fresh)
    averaging = bool(recipe.get("ema")) and "patience" not in recipe
    assert equal(weights, first) != averaging
    assert trainer.traces == 1


def test_an_average_is_of_the_fold_that_was_trained_last():
    made, trainer, _ = prepared(ema=0.9)
    trainer.train(work(fold=1))
    last = made.model.get_weights()
    with trainer.averaged(0):
        assert equal(made.model.get_weights(), last)
    with trainer.averaged(1):
        assert not equal(made.model.get_weights(), last)
    assert equal(made.model.get_weights(), last)


def test_frozen_layers_stay_bit_by_bit_and_have_no_optimizer():
    made, trainer, fresh = prepared(of={"frozen": 0.5}, weight_decay=0.1)
    _, whole, _ = prepared(weight_decay=0.1)
    trainer.train(work())
    assert trainer.notes == ["frozen: the first 2 of 4 layers of the backbone"]
    for weight, before in zip(made.model.weights, fresh, strict=True):
        frozen = weight.path.startswith(("block1", "block2"))
        assert np.array_equal(keras.ops.convert_to_numpy(weight), before) == frozen, weight.path
    variables = made.model.optimizer.variables
    assert len(variables) == 2 + 2 * len(made.model.trainable_variables)
    assert len(whole._model.optimizer.variables) - len(variables) == 2 * 6


@pytest.mark.full
def test_early_layers_move_less_under_layer_decay():
    moved = []
    for decay in (1.0, 0.3):
        made, trainer, fresh = prepared(layer_decay=decay, weight_decay=0.0)
        trainer.train(work(epochs=0.2))  # one step, in which AdamW moves all weights alike
        now = made.model.get_weights()
        names = [weight.path for weight in made.model.weights]
        moved.append(
            {
                name: np.abs(after - before).max()
                for name, before, after in zip(names, fresh, now, strict=True)
                if name.endswith(("conv/kernel", "head/kernel"))
            }
        )
    assert len(moved[0]) == 5
    for depth, (name, step) in enumerate(moved[0].items()):
        assert moved[1][name] == pytest.approx(step * 0.3 ** (4 - depth), rel=0.02)


@pytest.mark.parametrize(("epochs", "steps"), [(1.0, 4), (0.2, 2), (2.0, 10), (1.4, 8)])
def test_a_stage_ends_with_a_whole_accumulation(epochs, steps):
    _, trainer, _ = prepared(backbone=plain(), accumulate=2)
    assert trainer.steps(40, epochs) == steps
    assert trainer.train(work(epochs=epochs)).step.iloc[-1] == steps


def test_gradients_that_were_not_used_are_told(monkeypatch):
    told = []
    _, trainer, _ = prepared(backbone=plain(), accumulate=4, tell=told.append)
    trainer.train(work(epochs=4, deadline=0.0))
    sentence = (
        "stage1-16, fold 0: the time limit ended 1 step(s) into an accumulation of 4 steps; their "
        "gradients were not used."
    )
    assert told == [f"Note: {sentence}"]
    assert sentence in trainer.notes


def test_class_weights_are_those_of_the_folds_own_rows():
    """Learning nothing, the loss is that of the weighted rows, fold by fold in one trace."""
    made, trainer, _ = prepared(backbone=plain(), class_weight="balanced")
    trainer.stage = trainer.stage.model_copy(update={"learning_rate": 1e-12, "batch_size": 20})
    made.model.get_layer("dropout").rate = 0.0
    given = made.model.predict(PIXELS, verbose=0)
    for fold, count in enumerate((10, 20)):
        labels = np.where(np.arange(20) < count - 5, 0, LABELS[:20])
        counts = np.bincount(labels, minlength=4)
        each = -np.log(given[np.arange(20), labels]) * 20 / ((counts > 0).sum() * counts[labels])
        history = trainer.train(FoldWork(fold, PIXELS, np.arange(20), labels, 1.0))
        assert history.loss.mean() == pytest.approx(each.mean(), rel=1e-3)
    assert trainer.traces == 1


def test_images_that_will_be_mixed_have_shares_of_classes():
    _, trainer, _ = prepared("heads", of={"mixup": 0.2})
    _, targets = trainer._batches(work("heads"))[0]
    assert targets.shape == (8, 6)
    np.testing.assert_array_equal(targets.sum(axis=1), 2)


def test_patience_keeps_the_best_pass():
    scores = iter([0.1, 0.5, 0.4, 0.3, 0.9])
    kept = []

    def validate(model):
        kept.append(model.get_weights())
        return next(scores)

    made, trainer, _ = prepared(patience=2)
    history = trainer.train(work(epochs=5, validate=validate))
    scored = history.val_score.dropna()
    assert scored.tolist() == [0.1, 0.5, 0.4, 0.3]
    assert history.step[scored.index].tolist() == [5, 10, 15, 20]
    assert equal(made.model.get_weights(), kept[1])


def test_patience_scores_and_keeps_averaged_weights():
    seen = []
    made, trainer, fresh = prepared(ema=0.9, patience=3)
    trainer.train(work(epochs=2, validate=lambda model: seen.append(model.get_weights()) or 0.0))
    assert equal(made.model.get_weights(), seen[0])
    with trainer.averaged(0):
        assert equal(made.model.get_weights(), seen[0])

    made, trainer, again = prepared(ema=0.9)
    assert equal(fresh, again)
    trainer.train(work(epochs=1))
    assert not equal(made.model.get_weights(), seen[0])


def test_a_loss_that_is_no_number_twice_is_recovered_from(monkeypatch):
    """A target that is no number comes once a pass; the same call does the same again."""
    monkeypatch.setattr(stage_trainer, "_STEPS_AT_FULL_RATE", 1)
    targets = TARGETS["numbers"].copy()
    targets[7] = np.nan
    found = []
    for _ in range(2):
        told = []
        made, trainer, _ = prepared("numbers", backbone=plain(), ema=0.8, tell=told.append)
        history = trainer.train(FoldWork(3, PIXELS, np.arange(40), targets, 2.0))
        bad = history[history["rollback"] == 1]
        assert bad.loss.isna().all()
        assert len(bad) == len(told) == 2
        assert history.loss.isna().sum() == 2
        rates = history.learning_rate.to_numpy()
        assert rates.max() <= 1e-2
        assert rates[-1] < 1e-2 / 4
        assert "Note: stage1-16, fold 3: the loss was NaN or infinite at step" in told[0]
        assert "with a peak learning rate of 0.005." in told[0]
        assert trainer.notes[-2:] == [sentence.removeprefix("Note: ") for sentence in told]
        with trainer.averaged(3):
            predicting = made.model.get_weights()
        assert all(np.isfinite(weight).all() for weight in predicting)
        assert trainer.traces == 1
        found.append((bad.step.tolist(), predicting))
    assert found[0][0] == found[1][0]
    assert equal(found[0][1], found[1][1])


def test_a_fourth_time_is_an_error():
    targets = TARGETS["numbers"].copy()
    targets[7] = np.nan
    _, trainer, _ = prepared("numbers", backbone=plain())
    with pytest.raises(TrainingError, match="going back 3 times"):
        trainer.train(FoldWork(3, PIXELS, np.arange(40), targets, 4.0))


def test_smoothing_is_of_the_stage():
    """The loss that the trainer reports is the smoothed one."""
    made, trainer, _ = prepared(backbone=plain(), of={"label_smoothing": 0.3})
    made.model.get_layer("dropout").rate = 0.0
    trainer.stage = trainer.stage.model_copy(update={"learning_rate": 1e-12})
    given = made.model.predict(PIXELS, verbose=0)
    loss, _ = loss_and_metrics(outputs.Classes(4), shares=True)
    smooth = outputs.shares(LABELS, (4,)) * 0.7 + 0.3 / 4
    history = trainer.train(work())
    assert history.loss.mean() == pytest.approx(np.mean(loss(smooth, given)), rel=1e-4)
