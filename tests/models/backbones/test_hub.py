"""KerasHub's networks for images: presets as KerasHub writes them, against its own classifiers."""

import re
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from support import hub_presets, hub_table

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models import batch_normalization, positions, weights
from kaggle_prz.models.backbones import hub, resolve
from kaggle_prz.models.classifier import build
from kaggle_prz.models.fine_tuning import drop_path, families, layer_depth
from kaggle_prz.models.transfer import named_weights, transfer

keras_hub = pytest.importorskip("keras_hub")
pytestmark = [pytest.mark.keras, pytest.mark.full]

FAMILIES = list(hub_presets.ARGUMENTS)
SIZES = {"SwinTransformer": (224, 256)}


@pytest.fixture(scope="module", params=FAMILIES)
def preset(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / request.param
    return request.param, hub_presets.make(request.param, folder)


def pixels(size: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(size)
    return rng.uniform(0, 255, (2, size, size, channels)).astype(np.float32)


def documented(folder: Path, size: int, images: np.ndarray) -> np.ndarray:
    """What a classifier of KerasHub puts into its head; of DINO the class token."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        backbone = keras_hub.models.Backbone.from_preset(str(folder), image_shape=(size, size, 3))
        converter = keras_hub.layers.ImageConverter.from_preset(
            str(folder), image_size=(size, size)
        )
        seen = converter(images)
        if isinstance(backbone.input, dict):
            return np.asarray(backbone(dict.fromkeys(backbone.input, seen)))[:, 0]
        if len(backbone.output_shape) == 4:
            return np.asarray(backbone(seen)).mean(axis=(1, 2))
        classes = keras_hub.models.ImageClassifier.__subclasses__()
        (classifier,) = [each for each in classes if each.backbone_cls is type(backbone)]
        made = classifier(backbone=backbone, num_classes=2)
        return np.asarray(keras.Model(made.input, made.output_dense.input)(seen))


def test_features_are_those_of_the_documented_road(preset):
    family, folder = preset
    for size in SIZES.get(family, (64, 96)):
        made = build(resolve(f"hub:{folder}"), size, 2)
        assert made.pretrained
        if size != 64 and family in {"ViT", "DeiT"}:
            continue  # KerasHub itself cannot load them at another size
        images = pixels(size)
        ours, theirs = np.asarray(made.features(images)), documented(folder, size, images)
        assert np.abs(theirs[0] - theirs[1]).max() > 1e-4
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_position_embeddings_of_another_size_are_interpolated(tmp_path):
    folder = hub_presets.make("ViT", tmp_path / "ViT")
    own, larger = (build(resolve(f"hub:{folder}"), size, 2).network for size in (64, 128))
    for name, weight in named_weights(own).items():
        other = named_weights(larger)[name]
        if "position" in name:
            wanted = positions.resampled(weight, tuple(other.shape))
            assert wanted.shape == (65, 24)
            np.testing.assert_allclose(other, wanted)
        else:
            np.testing.assert_array_equal(other, weight)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_it_trains_and_its_weights_pass_on(preset, policy, tmp_path):
    family, folder = preset
    first, second = SIZES.get(family, (64, 96))
    backbone = resolve(f"hub:{folder}")
    made = build(backbone, first, 2, policy=policy)
    before = made.network.get_weights()
    made.model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    assert np.isfinite(made.model.train_on_batch(pixels(first), np.array([0, 1])))
    pairs = zip(before, made.network.get_weights(), strict=True)
    assert any(np.abs(one - other).max() > 0 for one, other in pairs)
    weights.write(made.model, tmp_path / "a.weights.h5")
    again = build(backbone, first, 2, weights="none", policy=policy)
    weights.read(again.model, tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(again.model(pixels(first)), made.model(pixels(first)))
    larger = build(backbone, second, 2, weights="none", policy=policy).model
    report = transfer(made.model, larger)
    assert {*report.kept, *report.resampled} == named_weights(larger).keys()


def test_it_has_a_family_by_its_class(preset):
    family, folder = preset
    known = {"ViT": "vit", "DeiT": "vit", "DINOV2": "dino", "DINOV3": "dino", "MiT": "mit"}
    known |= {"SwinTransformer": "swin", "VGG": "unnormalized"}
    backbone = resolve(f"hub:{folder}")
    found = families.of(backbone)
    assert found is families.table()[known.get(family, "convolutional")]
    network = backbone.build(SIZES.get(family, (64, 96))[0])
    assert batch_normalization.kind_of(network) == found.normalization
    drops = drop_path.set_rate(network, found.stochastic_depth)
    assert not drops.endswith("not changed")


def test_rates_rise_from_tokens_and_positions_to_the_last_block(preset):
    family, folder = preset
    made = build(resolve(f"hub:{folder}"), SIZES.get(family, (64, 96))[0], 2)
    rates = layer_depth.rates(made.model, 0.5)
    of_backbone = {weight.path for weight in made.network.weights if "seed" not in weight.path}
    assert of_backbone <= rates.keys()
    early = re.compile(r"(cls|class|register|distillation)_tokens?|patch_embed|position_?embed")
    first = {rate for path, rate in rates.items() if early.search(path)}
    if family in {"ViT", "DeiT", "DINOV2", "DINOV3"}:
        assert max(first) <= 4 * min(rates.values())
        blocks = re.compile(r"(?:layer|block)[a-z_]*?_?(\d+)/.*kernel")
        order = [(int(m[1]), rate) for p, rate in rates.items() if (m := blocks.search(p))]
        assert order
        tops = {n: max(r for m, r in order if m == n) for n, _ in order}
        bottoms = {n: min(r for m, r in order if m == n) for n, _ in order}
        assert max(first) <= bottoms[min(bottoms)]
        assert all(tops[n] <= 2 * bottoms[n + 1] for n in tops if n + 1 in bottoms)
    assert max(rates.values()) == 0.5


def test_sizes_that_a_network_cannot_take_are_refused(preset):
    backbone = resolve(f"hub:{preset[1]}")
    taken, refused = [], []
    for size in range(32, 353, 16):
        try:
            backbone.check_sizes((size,))
        except UsageError:
            refused.append(size)
        else:
            taken.append(size)
    for size in taken[:2] + taken[-2:]:
        assert np.isfinite(np.asarray(backbone.build(size)(pixels(size)))).all()
    for size in refused[:2] + refused[-2:]:
        with pytest.raises(Exception):  # noqa: B017, PT011 - of KerasHub, of many kinds
            backbone.build(size)(pixels(size))


def test_grey_gives_the_features_of_its_rgb(preset):
    family, folder = preset
    size = SIZES.get(family, (64, 96))[0]
    grey, colour = (build(resolve(f"hub:{folder}"), size, 2, channels=n) for n in (1, 3))
    images = pixels(size, 1)
    np.testing.assert_allclose(
        grey.features(images), colour.features(images.repeat(3, axis=-1)), atol=1e-5
    )


def test_weights_for_colour_suit_more_channels(preset):
    family, folder = preset
    size = SIZES.get(family, (64, 96))[0]
    made = build(resolve(f"hub:{folder}"), size, 2, channels=4)
    assert "adapted from 3 channels to 4" in made.notes[0]
    seen = np.asarray(made.features(pixels(size, 4)))
    assert np.abs(seen[0] - seen[1]).max() > 1e-4


def test_the_table_is_what_keras_hub_lists():
    rows = {name: hub_table.row(name, each) for name, each in hub_table.presets().items()}
    assert {name: tuple(vars(known).values()) for name, known in hub.facts().items()} == {
        name: tuple(row) for name, row in rows.items()
    }
