"""Folds of a stage in one process: heads fitted on training rows only, sealed one by one."""

import weakref
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from support.toy_nets import plain
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.commands.inspect import inspect
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Silent
from kaggle_prz.core.task import Images
from kaggle_prz.models import prediction, weights
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build
from kaggle_prz.models.linear_probe import fit_head, probabilities
from kaggle_prz.runs import fold_files
from kaggle_prz.runs.fold_files import FoldDone
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks import folds, image_rows, outputs
from kaggle_prz.training.workers.in_process import InProcess

pytestmark = pytest.mark.keras

STAGE = Stage(index=1, image_size=16, epochs=1.0, batch_size=8, learning_rate=3e-3)


@pytest.fixture(scope="module")
def competition(tmp_path_factory):
    """The task of a small competition, its folds and its decoded images."""
    place = tmp_path_factory.mktemp("workers")
    Shapes(seed=5, train=40, test=10).materialise(place / "drawn")
    task = inspect(str(place / "drawn"))
    decoded = images.decode(
        task.root, image_rows.files_of(task), (16, 24), place / "stores", Silent()
    )
    return task, folds.draw(task, 2, seed=0), decoded


@pytest.fixture
def begin(competition, tmp_path):
    def make(name, *, backbone=None, labels=None, stores=None, console=None, **recipe):
        task, column, decoded = competition
        if labels is not None:
            task = replace(task, labels=labels)
        chosen = Recipe(sizes=(16, 24), folds=2, **recipe)
        run = Run(tmp_path / name, chosen, task)
        placed = image_rows.place(task, decoded.readable, column)
        network, stores = backbone or resolve("tiny"), stores or decoded.stores
        return run, InProcess(run, network, placed, stores, console or Silent())

    return make


def train_fold(worker: InProcess, stage: Stage, fold: int, slot: Slot) -> FoldDone:
    """Train one fold and seal it, as a run does."""
    for done in worker.train(stage, [fold], lambda _: slot):
        fold_files.keep(worker._run, done)
    return done


def sealed(run: Run, stage: Stage = STAGE, fold: int = 0):
    directory = run.directory(stage, fold)
    assert filesystem.is_sealed(directory)
    oof = filesystem.read_arrays(directory / "oof.npz")
    return oof["ids"], oof["probabilities"], filesystem.read_arrays(directory / "test.npz")


def test_a_head_without_fine_tuning_is_the_logistic_regression(begin, competition):
    task, column, decoded = competition
    run, worker = begin("head", backbone=plain(), tta=False)
    head_only = STAGE.model_copy(update={"epochs": 0.0})
    worker.prepare(head_only, None, measure=True)
    features = worker._classifier.features.predict(decoded.stores[16], verbose=0)
    for fold in (0, 1):
        score = train_fold(worker, head_only, fold, Slot(0.0)).score
        train, held_out = np.flatnonzero(column != fold), np.flatnonzero(column == fold)
        centre, spread = features[train].mean(axis=0), np.sqrt(features[train].var(axis=0).mean())
        probe = LogisticRegression(C=0.005, tol=1e-2, max_iter=300).fit(
            (features[train] - centre) / spread, task.labels[train]
        )
        ids, oof, test = sealed(run, head_only, fold)
        assert ids.tolist() == task.train_ids[held_out].tolist()
        expected = probe.predict_proba((features[held_out] - centre) / spread)
        np.testing.assert_allclose(oof, expected, atol=1e-5)
        unseen = probe.predict_proba((features[40:] - centre) / spread)
        np.testing.assert_allclose(test["probabilities"], unseen, atol=1e-5)
        by_hand = -np.log(expected[np.arange(len(held_out)), task.labels[held_out]]).mean()
        assert score == pytest.approx(by_hand, abs=1e-4)
        source = filesystem.read_json(run.directory(head_only, fold) / "transfer.json")
        assert source["head"] == "linear probe on frozen features of 20 training rows"
        assert source["reinitialised"] == ["head/kernel", "head/bias"]
        assert not (run.directory(head_only, fold) / "history.csv").exists()


def test_heads_alone_at_a_larger_size_share_the_features_of_one_pass(begin, competition):
    task, column, decoded = competition
    console = Recorder()
    run, worker = begin("heads", backbone=plain(), console=console)
    first = STAGE.model_copy(update={"epochs": 0.0})
    second = first.model_copy(update={"index": 2, "image_size": 24})
    worker.prepare(STAGE, None, measure=False)  # what it is trained for is settled afterwards
    for fold in (0, 1):
        train_fold(worker, first, fold, Slot(0.0))
    worker.prepare(second, first, measure=False)
    features = worker._classifier.features.predict(decoded.stores[24], verbose=0)
    targets = outputs.of(task).targets(task.labels)
    for fold in (0, 1):
        train_fold(worker, second, fold, Slot(0.0))
        train, held_out = np.flatnonzero(column != fold), np.flatnonzero(column == fold)
        head = fit_head(features[train], targets[train], outputs.of(task))
        _, oof, _ = sealed(run, second, fold)
        expected = probabilities(features[held_out], head, outputs.of(task))
        np.testing.assert_allclose(oof, expected, atol=1e-4)
        source = filesystem.read_json(run.directory(second, fold) / "transfer.json")
        assert source["source"] == f"stage1-16/fold{fold}/model.weights.h5"
    passes = [bar for bar in console.bars if bar[0] == "features · 24 px"]
    assert passes == [("features · 24 px", 40), ("features · 24 px", 10)]


def test_a_head_of_several_views_is_fitted_to_all_and_answers_their_mean(begin, competition):
    task, column, decoded = competition
    run, worker = begin("views", backbone=plain())
    stage = STAGE.model_copy(update={"epochs": 0.0, "head_views": 2})
    worker.prepare(stage, None, measure=False)
    train_fold(worker, stage, 1, Slot(0.0))
    images = decoded.stores[16]
    views = [
        worker._classifier.features.predict(seen, verbose=0)
        for seen in (images[:], images[:, :, ::-1])
    ]
    train, held_out = np.flatnonzero(column != 1), np.flatnonzero(column == 1)
    targets = outputs.of(task).targets(task.labels)[train]
    head = fit_head(
        np.concatenate([view[train] for view in views]),
        np.concatenate([targets, targets]),
        outputs.of(task),
    )
    _, oof, _ = sealed(run, stage, 1)
    each = [probabilities(view[held_out], head, outputs.of(task)) for view in views]
    np.testing.assert_allclose(oof, np.mean(each, axis=0), atol=1e-4)
    source = filesystem.read_json(run.directory(stage, 1) / "transfer.json")
    assert source["head"].endswith("of 20 training rows, in 2 views each")
    seal = filesystem.read_json(run.directory(stage, 1) / "DONE")
    assert seal["views"] == ["plain", "horizontal"]
    np.testing.assert_allclose(worker._classifier.model.get_layer("head").get_weights()[0], head[0])


@pytest.mark.parametrize("backbone", ["tiny", "plain"])
def test_labels_of_held_out_rows_change_nothing(begin, competition, backbone):
    task, column, _ = competition
    held_out = np.flatnonzero(column == 0)
    others = task.labels.copy()
    others[held_out] = (others[held_out] + 1) % 4
    found = []
    for name, labels in (("true", None), ("false", others)):
        network = plain() if backbone == "plain" else None
        run, worker = begin(name, backbone=network, labels=labels)
        worker.prepare(STAGE, None, measure=False)
        score = train_fold(worker, STAGE, 0, Slot(1.0)).score
        found.append((score, *sealed(run)[1:]))
    (one, oof, test), (other, same_oof, same_test) = found
    np.testing.assert_array_equal(oof, same_oof)
    np.testing.assert_array_equal(test["probabilities"], same_test["probabilities"])
    assert one != other  # the labels were others


def seen_before(size: int):
    """A network with batch normalization that counts as pretrained."""
    network = resolve("tiny").build(size)
    network.get_layer("block1_norm").moving_mean.assign(np.full(16, 0.1))
    return network


def test_statistics_and_heads_are_those_of_the_images_that_a_fold_trains_on(begin, competition):
    _, column, decoded = competition
    train, held_out = np.flatnonzero(column != 0), np.flatnonzero(column == 0)
    networks, sources = [], []
    for name, changed in (("as it is", held_out[:0]), ("other", held_out), ("trained", train)):
        pixels = np.array(decoded.stores[16])
        pixels[changed] = 255 - pixels[changed]
        run, worker = begin(
            name, backbone=resolve(seen_before), stores={16: pixels}, batch_norm="recalibrate"
        )
        worker.prepare(STAGE, None, measure=False)
        train_fold(worker, STAGE, 1, Slot(0.0))  # leaves nothing behind
        train_fold(worker, STAGE, 0, Slot(0.0))
        networks.append(worker._classifier.model.get_weights())
        sources.append(filesystem.read_json(run.directory(STAGE, 0) / "transfer.json"))
    same, other, trained = networks
    assert all(np.array_equal(a, b) for a, b in zip(same, other, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(same, trained, strict=True))
    assert sources[0]["batch_norm"] == "statistics of 20 training images"
    assert sources[0]["head"] == "linear probe on frozen features of 20 training rows"


def test_measuring_and_other_folds_before_change_nothing(begin):
    found = []
    for name, measure, order in (("alone", False, (1,)), ("after", True, (0, 1))):
        run, worker = begin(name, dropout=0.5)
        prepared = worker.prepare(STAGE, None, measure=measure)
        assert (prepared.speed is not None) == measure
        for fold in order:
            train_fold(worker, STAGE, fold, Slot(1.0))
        found.append(sealed(run, fold=1)[1])
    np.testing.assert_array_equal(*found)


def test_a_stage_goes_on_from_the_files_of_the_one_before(begin, competition):
    """In the process that trained it, and in one that only finds its files."""
    run, worker = begin("chain")
    later = STAGE.model_copy(update={"index": 2, "image_size": 24})
    worker.prepare(STAGE, None, measure=False)
    for fold in (0, 1):
        train_fold(worker, STAGE, fold, Slot(1.0))
    worker.prepare(later, STAGE, measure=False)
    train_fold(worker, later, 0, Slot(0.0))
    source = filesystem.read_json(run.directory(later, 0) / "transfer.json")
    weights = run.directory(STAGE, 0) / "model.weights.h5"
    assert source["source"] == "stage1-16/fold0/model.weights.h5"
    assert source["source_sha256"] == filesystem.sha256(weights)
    assert len(source["kept"]) == 22
    here = worker._classifier.model.get_weights()

    _, restarted = begin("chain")
    restarted.prepare(later, STAGE, measure=False)
    first = restarted._classifier.model.get_weights()
    train_fold(restarted, later, 0, Slot(0.0))
    there = restarted._classifier.model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))
    assert not np.array_equal(first[0], there[0])
    before = restarted._first._kept[1]
    before.load_weights(weights)
    assert all(np.array_equal(a, b) for a, b in zip(before.get_weights(), there, strict=True))


def test_folds_that_are_late_share_one_pass_of_features(begin, monkeypatch):
    """And answer as their networks do in the plain view."""
    run, worker = begin("untrained", backbone=plain(), tta=False)
    head_only = STAGE.model_copy(update={"epochs": 0.0})
    worker.prepare(head_only, None, measure=False)
    passes = []
    original = prediction.predict

    def predict(model, pixels, rows, **options):
        passes.append((model.name, len(rows)))
        return original(model, pixels, rows, **options)

    monkeypatch.setattr(prediction, "predict", predict)
    for fold in (0, 1):
        train_fold(worker, head_only, fold, Slot(2.0, deadline=0.0))
    assert passes == [("features", 10)]
    _, oof, test = sealed(run, head_only, 1)
    rows = np.concatenate([worker._held_out(1), worker._rows.test])
    network = original(worker._classifier.model, worker._stores[16], rows, batch_size=8)
    np.testing.assert_allclose(np.concatenate([oof, test["probabilities"]]), network, atol=1e-6)


@pytest.mark.parametrize("refit", [True, False])
def test_a_larger_size_begins_with_a_head_fitted_to_its_own_features(begin, competition, refit):
    """On the rows that the fold trains on, and on what the stage before made of the network."""
    task, column, decoded = competition
    run, worker = begin(f"refit {refit}", backbone=plain(), refit_head=refit, tta=False)
    later = STAGE.model_copy(update={"index": 2, "image_size": 24})
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 1, Slot(1.0))
    head = worker._classifier.model.get_layer("head").get_weights()
    worker.prepare(later, STAGE, measure=False)
    train_fold(worker, later, 1, Slot(0.0))
    source = filesystem.read_json(run.directory(later, 1) / "transfer.json")
    fitted = worker._classifier.model.get_layer("head").get_weights()
    if not refit:
        assert source["reinitialised"] == []
        assert "head" not in source
        np.testing.assert_array_equal(head[0], fitted[0])
        return
    assert source["reinitialised"] == ["head/kernel", "head/bias"]
    assert source["head"] == "linear probe on frozen features of 20 training rows"
    train = np.flatnonzero(column != 1)
    features = worker._classifier.features.predict(decoded.stores[24][train], verbose=0)
    expected = fit_head(features, task.labels[train], outputs.of(task))
    np.testing.assert_allclose(fitted[0], expected[0], rtol=1e-4, atol=1e-6)
    assert worker._classifier.model.predict_function is None  # one trace serves head and answers


class Promises(Recorder):
    """Remembers whether a fold was sealed when its bar told its score, and when its line came."""

    directory, told = None, ()

    def __enter__(self):
        def advance(_steps, *, note=""):
            if note.startswith("log loss") and self.directory:
                self.told = (*self.told, filesystem.is_sealed(self.directory))

        return advance

    def __exit__(self, *_):
        if self.directory:
            self.told = (*self.told, filesystem.is_sealed(self.directory))


def test_a_fold_is_told_when_it_is_sealed_and_no_sooner(begin):
    console = Promises()
    run, worker = begin("promised", console=console)
    worker.prepare(STAGE, None, measure=False)
    console.directory = run.directory(STAGE, 0)
    train_fold(worker, STAGE, 0, Slot(0.1))
    assert console.told == (True, True)


def named_like_heads(size: int):
    """A network whose own layers are called as heads are."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(
                6, 3, strides=2, activation="relu", name="head_conv", bias_initializer="ones"
            ),
            layers.Conv2D(6, 1, activation="relu", name="head_1"),
        ]
    )


@pytest.mark.full
def test_layers_that_are_called_like_heads_are_handed_on(begin):
    """Fold by fold: what one fold trained must not be what the next begins with."""
    run, worker = begin("like heads", backbone=resolve(named_like_heads), tta=False)
    later = STAGE.model_copy(update={"index": 2, "image_size": 24})
    worker.prepare(STAGE, None, measure=False)
    for fold in (0, 1):
        train_fold(worker, STAGE, fold, Slot(1.0))
    worker.prepare(later, STAGE, measure=False)
    train_fold(worker, later, 0, Slot(1.0))
    worker._first.set(1)
    before = worker._first._kept[1]
    weights.read(before, run.directory(STAGE, 1) / "model.weights.h5")
    given, now = before.get_weights(), worker._classifier.model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(given[:4], now[:4], strict=True))
    source = filesystem.read_json(run.directory(later, 0) / "transfer.json")
    assert [name.split("/")[1] for name in source["reinitialised"]] == ["kernel", "bias"]
    assert len(source["kept"]) == 4


def test_networks_from_scratch_keep_the_head_that_they_trained(begin):
    run, worker = begin("from scratch")
    later = STAGE.model_copy(update={"index": 2, "image_size": 24})
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 0, Slot(1.0))
    worker.prepare(later, STAGE, measure=False)
    train_fold(worker, later, 0, Slot(0.0))
    assert filesystem.read_json(run.directory(later, 0) / "transfer.json")["reinitialised"] == []


def test_what_was_decided_is_said_before_anything_is_trained(begin):
    console = Recorder()
    _, worker = begin("said", console=console)
    worker.prepare(STAGE, None, measure=False)
    worker.prepare(STAGE.model_copy(update={"index": 2, "image_size": 24}), STAGE, measure=False)
    assert console.bars == []
    assert console.lines == [
        "Decided: precision: float32: a CPU is not faster with half precision.",
        "Decided: weights: tiny with random weights, not pretrained.",
        "Decided: batch normalization: 4 layers with batch statistics, momentum 0.9 (trained from "
        "scratch).",
        "Decided: augmentation: horizontal flips; drawn for each image, on the CPU.",
        "Decided: EMA of the weights with momentum 0.95; the averaged weights predict.",
    ]


def test_the_record_of_a_stage_adds_up_over_restarts(begin):
    for fold in (0, 1):
        run, worker = begin("restarted")
        worker.prepare(STAGE, None, measure=False)
        done = train_fold(worker, STAGE, fold, Slot(1.0))
        record = filesystem.read_json(run.path / "stage1-16" / "stage.json")
        assert record["training_traces"] == fold + 1
        assert record["predicted_images"] == (fold + 1) * 2 * (20 + 10)
        assert set(record["seconds"]) == {"build", "features", "train", "predict"}
    assert all(speed > 0 for speed in fold_files.speeds_of([done]))
    assert record["decisions"][0].startswith("precision: float32")
    assert record["decisions"][1] == "weights: tiny with random weights, not pretrained"


def test_a_recipe_that_presizes_trains_on_crops_and_predicts_whole_pictures(begin, competition):
    _, _, decoded = competition
    run, worker = begin("presized", presize=0.5, tta=False)
    stage = STAGE.model_copy(update={"randaugment": 5.0, "mixup": 0.2})
    worker.prepare(stage, None, measure=False)
    assert worker._work(stage, 0, Slot(1.0)).pixels is decoded.stores[24]
    train_fold(worker, stage, 0, Slot(1.0))
    _, oof, _ = sealed(run)
    whole = decoded.stores[16][worker._held_out(0)]
    expected = worker._classifier.model.predict(whole, verbose=0)
    np.testing.assert_allclose(oof, expected, atol=1e-5)
    record = filesystem.read_json(run.path / "stage1-16" / "stage.json")
    assert record["training_traces"] == 1
    assert (
        "augmentation: crops of 16 from 24 px, horizontal flips, RandAugment 5, mixup 0.2; drawn "
        "for each image, on the CPU"
    ) in record["decisions"]


def test_a_fold_without_time_is_predicted_untrained(begin):
    run, worker = begin("late")
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 0, Slot(1.0, deadline=0.0))
    _, oof, _ = sealed(run)
    np.testing.assert_allclose(oof.sum(axis=1), 1, atol=1e-5)
    assert "history.csv" not in filesystem.read_json(run.directory(STAGE, 0) / "DONE")["files"]


def test_what_a_fold_was_trained_on_is_written_down(begin, competition):
    task, column, _ = competition
    run, worker = begin("rows")
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 1, Slot(1.5))
    directory = run.directory(STAGE, 1)
    trained = filesystem.read_arrays(directory / "trained_on.npz")["ids"]
    assert trained.tolist() == task.train_ids[column != 1].tolist()
    history = pd.read_csv(directory / "history.csv")
    assert history.epoch.iloc[-1] == 1.5
    assert sealed(run, fold=1)[2]["ids"].tolist() == task.test_ids.tolist()


def test_rows_of_several_images_are_pooled_and_stay_in_one_fold(competition, tmp_path):
    """Untrained networks of one seed predict alike, so every image's prediction is known."""
    task, _, decoded = competition
    of_train, of_test = np.arange(40) // 2, np.arange(10) // 5
    bags = Images(task.train_files, of_train, task.test_files, of_test)
    bagged = replace(
        task,
        train_ids=task.train_ids[:20],
        train_files=task.train_files[::2],
        labels=task.labels[:20],
        test_ids=task.test_ids[:2],
        test_files=task.test_files[::5],
        bags=bags,
    )
    seen = decoded.readable.copy()
    seen[[0, 7]] = False
    untrained = STAGE.model_copy(update={"epochs": 0.0})
    column = np.arange(20) % 2
    found = []
    for name, each, folds_of in (("one", task, column[of_train]), ("bags", bagged, column)):
        run = Run(tmp_path / name, Recipe(sizes=(16,), folds=2), image_rows.readable(each, seen))
        kept = seen[:40] if name == "one" else np.ones(20, bool)
        placed = image_rows.place(each, seen, folds_of[kept])
        worker = InProcess(run, resolve("tiny"), placed, decoded.stores, Silent())
        worker.prepare(untrained, None, measure=False)
        train_fold(worker, untrained, 0, Slot(0.0))
        found.append((sealed(run, untrained), run))
    (ids, oof, test), _ = found[0]
    (bag_ids, pooled, pooled_test), run = found[1]
    row_of = dict(zip(task.train_ids.tolist(), of_train.tolist(), strict=True))
    own = np.array([row_of[name] for name in ids.tolist()])
    assert bag_ids.tolist() == bagged.train_ids[column == 0].tolist()
    assert (own == 0).sum() == 1  # the other one cannot be decoded
    for name, mean in zip(bag_ids.tolist(), pooled, strict=True):
        images = oof[own == bagged.train_ids.tolist().index(name)]
        np.testing.assert_allclose(mean, images.mean(axis=0), atol=1e-6)
    assert pooled_test["ids"].tolist() == bagged.test_ids.tolist()
    expected = test["probabilities"].reshape(2, 5, -1).mean(axis=1)
    np.testing.assert_allclose(pooled_test["probabilities"], expected, atol=1e-6)
    trained = filesystem.read_arrays(run.directory(untrained, 0) / "trained_on.npz")["ids"]
    assert set(trained.tolist()) == set(bagged.train_ids[column == 1].tolist())


def test_nothing_of_an_earlier_try_is_sealed(begin):
    run, worker = begin("again")
    worker.prepare(STAGE, None, measure=False)
    place = run.directory(STAGE, 0)
    place.mkdir(parents=True)
    (place / "history.csv").write_text("step,epoch\n999,9\n")
    train_fold(worker, STAGE, 0, Slot(0.0))
    assert "history.csv" not in filesystem.read_json(place / "DONE")["files"]
    assert not (place / "history.csv").exists()


def test_room_for_the_weights_is_asked_for_before_they_are_written(begin, monkeypatch):
    asked, replacing = {}, filesystem.replacing

    def noted(path, size=0):
        asked[path.name] = size
        return replacing(path, size)

    monkeypatch.setattr(filesystem, "replacing", noted)
    run, worker = begin("room")
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 0, Slot(0.5))
    written = (run.directory(STAGE, 0) / "model.weights.h5").stat().st_size
    assert written <= asked["model.weights.h5"] < 3 * written


def given_by(run: Run, network: str, stage: Stage, pixels) -> np.ndarray:
    """What the sealed weights of fold 0 put out."""
    made = build(resolve(network), stage.image_size, 4, seed=0).model
    made.load_weights(run.directory(stage, 0) / "model.weights.h5")
    return made.predict(pixels, verbose=0)


@pytest.mark.full
@pytest.mark.parametrize("keys", [{"ema": 0.9}, {"patience": 1}])
def test_the_weights_that_predict_are_sealed_and_gone_on_from(begin, competition, keys):
    _, column, decoded = competition
    run, worker = begin("averaged", tta=False, **keys)
    worker.prepare(STAGE, None, measure=False)
    score = train_fold(worker, STAGE, 0, Slot(3.0)).score
    _, oof, test = sealed(run)
    given = given_by(run, "tiny", STAGE, decoded.stores[16])
    np.testing.assert_allclose(oof, given[:40][column == 0], atol=1e-5)
    np.testing.assert_allclose(test["probabilities"], given[40:], atol=1e-5)
    if "patience" in keys:
        history = pd.read_csv(run.directory(STAGE, 0) / "history.csv")
        assert history.val_score.min() == pytest.approx(score, abs=1e-5)  # log loss
    later = STAGE.model_copy(update={"index": 2, "image_size": 24})
    worker.prepare(later, STAGE, measure=False)
    train_fold(worker, later, 0, Slot(0.0))
    went_on = given_by(run, "tiny", later, decoded.stores[24])
    np.testing.assert_allclose(sealed(run, later)[1], went_on[:40][column == 0], atol=1e-5)
    told = filesystem.read_json(run.path / STAGE.name / "stage.json")["decisions"]
    assert any(sentence.startswith(("EMA of the weights", "a fold ends")) for sentence in told)


def test_an_untrained_fold_is_not_predicted_with_the_average_of_another(begin, competition):
    _, column, decoded = competition
    run, worker = begin("untrained", tta=False, ema=0.9)
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 1, Slot(2.0))
    train_fold(worker, STAGE, 0, Slot(1.0, deadline=0.0))
    fresh = build(resolve("tiny"), 16, 4, seed=0).model
    given = fresh.predict(decoded.stores[16], verbose=0)
    np.testing.assert_allclose(sealed(run)[1], given[:40][column == 0], atol=1e-5)


@pytest.mark.full
def test_layers_are_unfrozen_stage_by_stage_and_all_are_handed_on(begin):
    run, worker = begin("frozen")
    first = STAGE.model_copy(update={"frozen": 0.75})
    later = STAGE.model_copy(update={"index": 2, "image_size": 24, "frozen": 0.25})
    worker.prepare(first, None, measure=False)
    train_fold(worker, first, 0, Slot(1.0))
    worker.prepare(later, first, measure=False)
    assert "frozen: the first 1 of 4 layers of the backbone" in worker.decisions
    train_fold(worker, later, 0, Slot(1.0))
    source = filesystem.read_json(run.directory(later, 0) / "transfer.json")
    assert (len(source["kept"]), source["reinitialised"]) == (22, [])

    _, restarted = begin("frozen")  # only finds the files of the stage before
    restarted.prepare(later, first, measure=False)
    train_fold(restarted, later, 0, Slot(0.0))
    again = filesystem.read_json(run.directory(later, 0) / "transfer.json")
    assert again == source


def test_without_a_head_first_all_begins_at_random(begin):
    run, worker = begin("no-probe", backbone=plain(), head_first=False)
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 0, Slot(0.0))
    assert filesystem.read_json(run.directory(STAGE, 0) / "transfer.json")["head"] == "random"
    assert filesystem.read_json(run.path / STAGE.name / "stage.json")["seconds"]["features"] == 0


def test_what_trained_a_stage_is_gone_when_it_is_finished(begin):
    _, worker = begin("finished")
    worker.prepare(STAGE, None, measure=False)
    train_fold(worker, STAGE, 0, Slot(1.0))
    model = worker._classifier.model
    optimizer, compiled = weakref.ref(model.optimizer), weakref.ref(model)
    del model
    worker.close()
    assert optimizer() is None
    assert compiled() is None
