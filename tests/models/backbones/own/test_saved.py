"""Files that Keras saved a model in: loaded as if passed, or refused in a sentence."""

import json
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.backbones.own import saved
from kaggle_prz.models.backbones.own.written import Written


def archive(file: Path, **members: str) -> Path:
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "."), content)
    return file


LAMBDA = json.dumps({"layers": [{"config": {"function": {"class_name": "__lambda__"}}}]})


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"config__json": LAMBDA}, r"has a Lambda layer.*as MODULE:FUNCTION or FILE\.py:FUNCTION"),
        ({"config__json": "{"}, r"is damaged or no file of Keras 3 \(Expecting property"),
        ({"other__json": "{}"}, r"no file of Keras 3 \(config\.json is missing\)"),
        ({}, r"\(config\.json is missing\)"),
    ],
)
def test_archives_that_hold_no_model(tmp_path, members, told):
    file = archive(tmp_path / "net.keras", **members)
    with pytest.raises(UsageError, match=f"^--backbone 'net.keras' names no network: .*{told}"):
        saved.check(Written("net.keras", path="net.keras"), file)


def refusal(written: Written, file: Path) -> str:
    try:
        saved.check(written, file)
    except UsageError as error:
        return str(error)
    return ""


def test_every_cut_and_every_flipped_byte_is_a_sentence_or_whole(tmp_path):
    file = archive(tmp_path / "net.keras", config__json="{}", model__weights__h5="w" * 60)
    whole, written = file.read_bytes(), Written("net.keras", path="net.keras")
    saved.check(written, file)
    refused = 0
    damaged = [whole[:count] for count in range(len(whole))]
    damaged += [
        whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]
        for place in range(len(whole))
    ]
    for content in damaged:
        file.write_bytes(content)
        told = refusal(written, file)
        assert "\n" not in told
        refused += bool(told)
    assert refused > len(whole)


@pytest.mark.keras
def test_a_saved_model_keeps_its_weights(tmp_path, monkeypatch):
    import keras
    from support.toy_nets import plain_net

    monkeypatch.chdir(tmp_path)
    model = plain_net(24)
    model.save("mine.keras")
    for text in ("mine.keras", tmp_path / "mine.keras", str(tmp_path / "mine.keras")):
        backbone = resolve(text)
        assert (backbone.name, backbone.channels, backbone.pretrained) == ("mine", 3, True)
        assert backbone.origin.file == tmp_path / "mine.keras"
        for ours, theirs in zip(backbone.build(32).get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)]).save("flat.keras")
    with pytest.raises(UsageError, match="one input \\(height, width, channels\\)"):
        resolve("flat.keras")


@pytest.mark.keras
def test_what_keras_does_not_load_is_a_sentence(tmp_path, monkeypatch):
    import keras

    class OfMine(keras.layers.Layer):
        def call(self, x):
            return x * 2

    def with_layer(layer):
        return keras.Sequential([keras.Input((8, 8, 3)), layer])

    monkeypatch.chdir(tmp_path)
    with_layer(OfMine()).save("class.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of what it saves
        with_layer(keras.layers.Lambda(lambda x: x + 1)).save("lambda.keras")
    with_layer(keras.layers.Conv2D(2, 3)).save("lost.keras")
    with zipfile.ZipFile("lost.keras") as whole:
        archive(Path("part.keras"), config__json=whole.read("config.json").decode())
    for text, told in (
        ("class.keras", "has the class OfMine of your own.*register_keras_serial"),
        ("lambda.keras", "has a Lambda layer"),
        ("part.keras", "Keras cannot load .*part.keras: "),
        ("gone.keras", "there is no file .*gone.keras"),
    ):
        with pytest.raises(UsageError, match=told) as caught:
            resolve(text)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 700
