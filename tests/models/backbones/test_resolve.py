"""Names, sizes and weights of backbones, before anything is built."""

import pytest

from kaggle_prz.core import plugins
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone, names, resolve

pytestmark = pytest.mark.keras  # test_applications.py and others build what is named here

NAMES = names()


def test_the_package_brings_its_backbones():
    assert {"tiny", "efficientnet_lite0", "resnet50", "EfficientNetV2B0"} <= set(NAMES)
    assert len(NAMES) >= 85


@pytest.mark.parametrize("name", NAMES)
def test_every_registered_name_resolves_to_the_backbone_of_that_name(name):
    backbone = resolve(name)
    assert isinstance(backbone, Backbone)
    assert backbone.name == name
    assert resolve(backbone) is backbone
    backbone.check_sizes(backbone.rounded((96, 128)))


@pytest.mark.parametrize(
    ("preset", "listed"),
    [
        ("resnet50_imagenet", "resnet50"),
        ("efficientnetv2_s_imagenet", "efficientnetv2_s"),
        ("densenet121_imagenet", "densenet121"),
        ("mobilenet_v3_large_imagenet", "mobilenet_v3_large"),
        ("mit_b0_imagenet", "mit_b0"),
        ("efficientnetlite_b0", "efficientnet_lite0"),
        ("efficientnetlite_b4", "efficientnet_lite4"),
    ],
)
def test_a_name_of_a_preset_is_that_of_its_network(preset, listed):
    assert preset not in NAMES
    assert resolve(preset).name == listed
    assert listed in NAMES


@pytest.mark.parametrize("name", ["resnet18_imagenet", "vgg16_imagenet", "tiny_imagenet"])
def test_a_preset_that_nobody_published_is_unknown(name):
    with pytest.raises(UsageError, match=f"Unknown backbone '{name}'"):
        resolve(name)


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(UsageError, match=r"Unknown backbone 'efficientnet_lite9'.*Did you mean"):
        resolve("efficientnet_lite9")


def test_a_plugin_that_is_no_backbone_is_refused(monkeypatch):
    monkeypatch.setattr(plugins, "names", lambda kind: ["mine"])
    monkeypatch.setattr(plugins, "load", lambda kind, name: dict)
    with pytest.raises(UsageError, match=r"plugin 'mine' must be a kaggle_prz.*is a type"):
        resolve("mine")


def test_sizes_are_checked_against_minimum_and_multiple():
    backbone = Backbone("net", lambda size: None, minimum=32, multiple=32)
    backbone.check_sizes((32, 64))
    with pytest.raises(
        UsageError, match=r"at least 32 px; received --sizes 16,64. Replace 16 by larger"
    ):
        backbone.check_sizes((16, 64))
    with pytest.raises(UsageError, match=r"multiples of 32.*64,100\. Instead of 100 use 96 or 128"):
        backbone.check_sizes((64, 100))


@pytest.mark.parametrize(
    ("sizes", "rounded"),
    [((32, 64), (32, 64)), ((96, 145), (96, 160)), ((40, 50), (32, 64)), ((48, 64), (48, 64)),
     ((10, 64), (32, 192))],
)  # fmt: skip
def test_sizes_are_rounded_unless_two_become_one(sizes, rounded):
    assert Backbone("net", lambda size: None, multiple=32).rounded(sizes) == rounded
    assert Backbone("net", lambda size: None, minimum=8).rounded(sizes) == sizes


def test_sizes_below_the_smallest_are_enlarged_together():
    swin = resolve("hub:swin_tiny_patch4_window7_224")
    assert swin.rounded((160, 240, 320)) == (224, 320, 448)
    assert swin.rounded((256, 288)) == (256, 288)
