"""Every backbone has a family, whose defaults a recipe gets where nothing else sets a key."""

import dataclasses
import re

import pytest
from support import backbones_page

from kaggle_prz.models import backbones
from kaggle_prz.models.backbones import Backbone, resolve
from kaggle_prz.models.fine_tuning import families
from kaggle_prz.schedule.recipe import BY_FAMILY, Recipe

TABLE = families.table()


@pytest.mark.parametrize("family", TABLE.values(), ids=TABLE)
def test_values_are_a_recipe_s_and_have_sources(family):
    assert Recipe(**family.values).model_dump(include=set(BY_FAMILY)) == family.values
    assert family.sources.keys() == set(BY_FAMILY)
    assert all(family.sources.values())


def test_convolutional_networks_have_the_general_defaults():
    assert TABLE["convolutional"].values == Recipe().model_dump(include=set(BY_FAMILY))


def test_every_listed_backbone_has_a_family():
    known = [name for name in backbones.names() if families.named(resolve(name).kind or name)]
    assert known == backbones.names()


NAMES = {
    "convolutional": [
        "efficientnet_lite0", "efficientnetv2_b0", "EfficientNetV2S", "EfficientNetB0",
        "ResNet50V2", "MobileNetV3Large", "NASNetMobile", "InceptionResNetV2",
        "Xception", "csp_darknet_l", "DenseNet121", "hub:hgnetv2_b4_ssld_stage2_ft_in1k",
        "hub:csp_resnext_50_ra_imagenet", "tiny", "hub:resnet_vd_34_imagenet",
        "hub:mobilenet_v3_small_050_imagenet",
    ],
    "unnormalized": ["VGG16", "vgg16", "hub:vgg_19_imagenet"],
    "convnext": ["ConvNeXtTiny", "ConvNeXtXLarge"],
    "mit": ["mit_b0", "hub:mit_b3_ade20k_512"],
    "swin": ["hub:swin_tiny_patch4_window7_224"],
    "dino": ["hub:dinov2_with_registers_small", "hub:dinov3_vit_7b_lvd1689m"],
    "vit": ["hub:vit_base_patch16_224_imagenet", "hub:deit_tiny_distilled_patch16_224_imagenet"],
    "layer_normalized": ["hub:mobilenetv5_300m_enc_gemma3n"],
}  # fmt: skip


@pytest.mark.parametrize(("family", "name"), [(f, n) for f, all_ in NAMES.items() for n in all_])
def test_a_listed_backbone_is_of_its_family(family, name):
    assert families.of(resolve(name)) is TABLE[family]


def test_every_family_is_one_of_these():
    assert NAMES.keys() == TABLE.keys()


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        ("vit", "ViTBackbone"), ("vit", "vit_base_patch16_224.augreg_in1k"),
        ("vit", "DeiTBackbone"), ("dino", "DINOV3Backbone"), ("swin", "SwinTransformerBackbone"),
        ("mit", "MiTBackbone"), ("convolutional", "HGNetV2Backbone"),
        ("convolutional", "CSPNetBackbone"), ("unnormalized", "VGGBackbone"),
        ("convolutional", "vgg16_bn"),
        ("convnext", "convnext_nano"), ("layer_normalized", "MobileNetV5Backbone"),
        ("convolutional", "xception41"),
    ],
)  # fmt: skip
def test_a_preset_of_one_s_own_is_known_by_its_class(family, kind):
    backbone = dataclasses.replace(resolve("tiny"), name="hub:/a/b", kind=kind)
    assert families.of(backbone) is TABLE[family]


def test_a_preset_without_files_is_known_by_its_address():
    for address in ("hf://timm/vit_base_patch16_224.augreg_in1k", "kaggle://me/a/keras/vit_b/1"):
        assert families.of(resolve(f"hub:{address}")) is TABLE["vit"]


def test_what_nothing_is_known_of_is_trained_as_before():
    unknown = Backbone("mine", resolve("tiny").build, pretrained=True)
    assert families.of(unknown) is TABLE["convolutional"]
    assert families.settled(Recipe(), unknown) == Recipe()


@pytest.mark.parametrize(
    ("normalization", "family"),
    [("batch", "convolutional"), ("layer", "layer_normalized"), ("none", "unnormalized")],
)
def test_one_s_own_network_is_known_by_its_normalization(normalization, family):
    own = dataclasses.replace(
        resolve("tiny"), name="vit", handed_over=lambda _: None, normalization=normalization
    )
    assert families.of(own) is TABLE[family]


def test_only_unset_keys_are_the_family_s():
    vit = resolve("hub:vit_base_patch16_224_imagenet")
    recipe = families.settled(Recipe(learning_rate=2e-4, stochastic_depth=(0, 0.1)), vit)
    assert (recipe.learning_rate, recipe.stochastic_depth) == (2e-4, (0, 0.1))
    assert (recipe.weight_decay, recipe.layer_decay) == (0.05, 0.75)
    assert families.settled(recipe, vit) == recipe


def test_a_network_with_random_weights_is_not_fine_tuned():
    recipe = Recipe(weights="none")
    vit = resolve("hub:vit_base_patch16_224_imagenet")
    assert families.settled(recipe, vit) == recipe
    assert families.note(recipe, vit) == ""


def test_a_note_says_what_differs_from_the_general_defaults():
    convnext, general = resolve("ConvNeXtTiny"), Recipe()
    recipe = families.settled(Recipe(weight_decay=1e-4), convnext)
    said = "fine-tuning defaults of ConvNeXt: learning_rate 5e-05, layer_decay 0.8"
    assert families.note(recipe, convnext) == said
    assert families.note(general, convnext) == ""
    assert families.note(families.settled(general, resolve("ResNet50")), resolve("ResNet50")) == ""


def test_the_page_has_the_table():
    page = backbones_page.PAGE.read_text("utf-8")
    assert backbones_page.fine_tuning() in page
    assert not re.search(r"\| *\|\n", backbones_page.fine_tuning())
