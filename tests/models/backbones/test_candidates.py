"""What `--backbone auto` knows of its candidates is what they are."""

import pytest
from support import candidates_table

from kaggle_prz.models import backbones
from kaggle_prz.schedule.choice import SIZE, candidates


@pytest.mark.parametrize("candidate", candidates(), ids=lambda one: one.name)
def test_facts_are_those_of_the_backbone(candidate):
    backbone = backbones.resolve(candidate.name)
    assert backbone.name == candidate.name
    assert candidate.parameters == backbone.parameters
    assert candidate.top_1 == candidates_table.TOP_1.get(candidate.name, backbone.top_1)
    assert (backbone.minimum, backbone.multiple) == (32, 1)
    assert not backbone.wants_keras_hub


# Multiply-adds as published, of whole classifiers, at 224 px: arXiv:1905.02244 (table 3),
# arXiv:2201.03545 (table 1), and the page of EfficientNet-Lite.
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("MobileNetV3Large", 219e6),
        ("efficientnet_lite0", 407e6),
        ("ConvNeXtTiny", 4.5e9),
    ],
)
def test_multiply_adds_are_near_the_published(name, published):
    (candidate,) = (one for one in candidates() if one.name == name)
    assert candidate.multiply_adds == pytest.approx(published, rel=0.06)


@pytest.mark.keras
@pytest.mark.full
def test_a_cheap_candidate_is_counted_as_in_the_table():
    (candidate,) = (one for one in candidates() if one.name == "efficientnet_lite0")
    network = backbones.resolve(candidate.name).build(SIZE)
    assert candidates_table.multiply_adds(network) == candidate.multiply_adds
    assert candidates_table.values(network) == candidate.values


@pytest.mark.keras
def test_a_convolution_multiplies_each_weight_everywhere():
    import keras

    images = keras.Input((8, 8, 3))
    seen = keras.layers.Conv2D(4, 3, strides=2, padding="same")(images)
    seen = keras.Sequential([keras.layers.DepthwiseConv2D(3, padding="same")])(seen)
    seen = keras.layers.GlobalAveragePooling2D()(seen)
    network = keras.Model(images, keras.layers.Dense(5)(seen))
    assert candidates_table.multiply_adds(network) == 16 * 9 * 3 * 4 + 16 * 9 * 4 + 4 * 5
    assert candidates_table.values(network) == 64 + 64 + 4 + 5
