"""Networks that compute different things are never taken for each other; equal ones always are."""

import collections
import functools
import types
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from support.toys import Recorder, make_task

from kaggle_prz import runs
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.identity import Identity, other_network
from kaggle_prz.models.backbones import Backbone, resolve
from kaggle_prz.models.backbones.own.survey import surveyed
from kaggle_prz.schedule.recipe import Recipe

pytestmark = pytest.mark.keras

SIZES = (16, 24)


def seen(network, sizes=SIZES, console=None) -> Backbone:
    return surveyed(resolve(network), sizes, seed=0, console=console or Recorder())


def net(size, *more, activation="relu", dilation=1, scale=1 / 255, seed=1, trained=True, names=""):
    """A small network whose parts can be changed one by one."""
    initial = keras.initializers.GlorotUniform(seed=seed)
    named = {"name": f"{names}_conv"} if names else {}
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Rescaling(scale),
            layers.Conv2D(
                4,
                3,
                padding="same",
                dilation_rate=dilation,
                activation=activation,
                kernel_initializer=initial,
                bias_initializer="ones" if trained else "zeros",
                **named,
            ),
            *more,
        ]
    )


def closure(factor):
    return lambda size: net(size, layers.Lambda(lambda x: x * factor))


def closure_over(held):
    return lambda size: net(size, layers.Lambda(lambda x: x * held.rate))


def with_default(factor):
    return lambda size: net(size, layers.Lambda(lambda x, by=factor: x * by))


OF_A_CELL = "def network(size):\n    return net(size, layers.Lambda(lambda x: x * K))\n"


def reading_a_global(value, source=OF_A_CELL, **more):
    names = {"net": net, "layers": layers, "K": value, **more}
    exec(source, names)  # as the cells of a notebook that sets K otherwise
    return names["network"]


UNRELATED = """
class Own(layers.Layer):
    def __init__(self):
        super().__init__()
        self.rate = 2.0
    def call(self, x):
        return x * self.rate
def network(size):
    return net(size, Own())
"""


def over_a_layer():
    """A function that reads a layer made of a layer, both numbered by Keras."""
    inner = layers.TimeDistributed(layers.Dense(2))
    return holding(0, lambda _: 1.0 if inner else 0.0)


def over_a_set():
    """A set of functions, whose order is another in every process."""
    several = {keras.ops.relu, keras.ops.tanh, keras.ops.gelu}
    return lambda size: net(size, layers.Lambda(lambda x: x * len(several)))


def named_function_in_a_lambda(body):
    names = {}
    exec(f"def scale(x):\n    return {body}\n", names)
    return lambda size: net(size, layers.Lambda(names["scale"]))


class Times(layers.Layer):
    """Its factor is no argument, so its config does not show it."""

    factor = 1.0

    def call(self, x):
        return x * self.factor


class Noise(layers.Layer):
    """Does something in training alone, which no prediction shows."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def get_config(self):
        return {}

    def call(self, x, training=False):
        return x + keras.random.normal(keras.ops.shape(x)) * self.kind() if training else x


def times(factor):
    def network(size):
        layer = Times()
        layer.factor = factor
        return net(size, layer)

    return network


def with_noise(strength):
    return lambda size: net(size, Noise(lambda: strength))


def of_a_class(body):
    names = {"layers": layers}
    exec(f"class Own(layers.Layer):\n    def call(self, x):\n        return {body}\n", names)
    return lambda size: net(size, names["Own"]())


def of_a_module(rate):
    source = "def network(size):\n    return net(size, layers.Lambda(lambda x: x * mine.RATE))\n"
    module = types.ModuleType("settings_of_mine")
    module.RATE = rate
    names = {"net": net, "layers": layers, "mine": module}
    exec(source, names)
    return names["network"]


def with_activation(function):
    return lambda size: net(size, activation=function)


def by_size(at_24):
    """The same at the first size, and another at the second."""
    return lambda size: net(size, dilation=at_24 if size == 24 else 1)


class Builder:
    def __init__(self, depth):
        self.depth = depth

    def __call__(self, size):
        return net(size, *[layers.Conv2D(4, 3, name=f"c{n}") for n in range(self.depth)])


def with_dropout(rate):
    return lambda size: net(size, layers.Dropout(rate))


def regularised(strength):
    return lambda size: net(
        size, layers.Conv2D(4, 1, kernel_regularizer=keras.regularizers.L2(strength))
    )


def two_branches(first, second):
    def network(size):
        images = keras.Input((size, size, 3))
        parts = [layers.Conv2D(3, 1, name="a"), layers.Conv2D(3, 1, name="b")]
        one, other = parts[0](images), parts[1](images)
        return keras.Model(images, {"+": layers.Add, "*": layers.Multiply}[first]()([one, other]))

    return network


def loaded(tmp_path, seed):
    file = tmp_path / f"{seed}.weights.h5"
    net(16, seed=seed).save_weights(file)

    def network(size):
        made = net(size)
        made.load_weights(file)
        return made

    return network


class Block(layers.Layer):
    """A layer of layers, whose settings its config leaves out."""

    def __init__(self):
        super().__init__()
        self.drop = layers.Dropout(0.1)

    def call(self, x, training=False):
        return self.drop(x, training=training)


def block(rate):
    def network(size):
        made = Block()
        made.drop.rate = rate
        return net(size, made)

    return network


class Scaled(layers.Layer):
    """What it holds scales its input in training alone."""

    held = None

    def get_config(self):
        return {}

    def call(self, x, training=False):
        return x * self.read(self.held) if training else x


def holding(value, read, of_class=False):
    def network(size):
        kind = type("Scaled", (Scaled,), {"read": staticmethod(read), "__module__": __name__})
        if of_class:
            kind.held = value
        made = kind()
        if not of_class:
            made.held = value
        return net(size, made)

    return network


class Settings:
    def __init__(self, rate):
        self.rate = rate

    def scale(self, x):
        return x * self.rate


def without_module(body):
    names = {}
    source = f"import keras\nclass Own(keras.layers.Layer):\n def call(self, x): return {body}\n"
    exec(source, names)
    return lambda size: net(size, names["Own"]())


class WithNames(layers.Layer):
    def __init__(self, op):
        super().__init__()
        self.op = op

    def get_config(self):
        return {"op": self.op}

    def call(self, x):
        return x


def constant_beside(value):
    """A layer that cannot say its config, and a constant at the second size."""

    def network(size):
        images = keras.Input((size, size, 3))
        x = layers.Conv2D(4, 3, bias_initializer="ones")(images)
        return keras.Model(images, Noise(lambda: 1.0)(x) * (value if size == 24 else 1.0))

    return network


def drawn_anew(initializer):
    def network(size):
        made = net(size, layers.Conv2D(4, 1, kernel_initializer=initializer))
        made.layers[1].set_weights([np.random.default_rng().normal(size=w.shape)
                                    for w in made.layers[1].get_weights()])  # fmt: skip
        return made

    return network


def cached(factor):
    @functools.lru_cache
    def read(_):
        return factor

    return read


DIFFERENT = {
    "layer-within-a-layer": (block(0.1), block(0.9)),
    "object-in-a-closure": (closure_over(Settings(1.0)), closure_over(Settings(3.0))),
    "bound-method": (with_activation(Settings(1.0).scale), with_activation(Settings(3.0).scale)),
    "namespace": (
        holding(types.SimpleNamespace(rate=1.0), lambda held: held.rate),
        holding(types.SimpleNamespace(rate=3.0), lambda held: held.rate),
    ),
    "array": (holding(np.ones(4), lambda held: held), holding(np.zeros(4), lambda held: held)),
    "dictionary-of-a-class": (
        holding({"rate": 1.0}, lambda held: held["rate"], of_class=True),
        holding({"rate": 3.0}, lambda held: held["rate"], of_class=True),
    ),
    "deque": (
        holding(collections.deque([1.0]), lambda held: held[0]),
        holding(collections.deque([3.0]), lambda held: held[0]),
    ),
    "cached-function": (holding(0, cached(1.0)), holding(0, cached(3.0))),
    "class-of-no-module": (without_module("x * 1.0"), without_module("x + 1.0")),
    "name-within-a-config": (
        lambda size: net(size, WithNames({"name": "a"})),
        lambda size: net(size, WithNames({"name": "b"})),
    ),
    "constant-beside-a-layer-without-config": (constant_beside(1.0), constant_beside(1.005)),
    "weights-drawn-otherwise": (drawn_anew("he_normal"), drawn_anew("glorot_normal")),
    "closure": (closure(1.0), closure(3.0)),
    "default": (with_default(1.0), with_default(3.0)),
    "global": (reading_a_global(1.0), reading_a_global(3.0)),
    "global-by-half-a-percent": (reading_a_global(1.0), reading_a_global(1.005)),
    "function-of-one-name": (
        named_function_in_a_lambda("x * 1.0"),
        named_function_in_a_lambda("x * 2.0"),
    ),
    "attribute-without-config": (times(1.0), times(1.001)),
    "class-of-one-name": (of_a_class("x * 1.0"), of_a_class("x + 1.0")),
    "training-alone": (with_noise(0.1), with_noise(0.2)),
    "attribute-of-a-module": (of_a_module(0.5), of_a_module(0.25)),
    "own-activation": (
        with_activation(lambda x: keras.ops.relu(x) + 0),
        with_activation(lambda x: keras.ops.tanh(x) + 0),
    ),
    "activation": (net(16, activation="relu"), net(16, activation="gelu")),
    "scaling": (net(16, scale=1 / 255), net(16, scale=1 / 127.5)),
    "dilation": (net(16, dilation=1), net(16, dilation=2)),
    "weights": (net(16, seed=1), net(16, seed=2)),
    "dropout": (with_dropout(0.1), with_dropout(0.5)),
    "regularizer": (regularised(0.1), regularised(0.2)),
    "second-size-alone": (by_size(1), by_size(2)),
    "depth": (Builder(1), Builder(2)),
    "partial": (
        functools.partial(net, activation="relu"),
        functools.partial(net, activation="elu"),
    ),
    "joined": (two_branches("+", None), two_branches("*", None)),
    "precision": (
        net(16),
        keras.models.clone_model(
            net(16), clone_function=lambda layer: type(layer).from_config(
                layer.get_config() | {"dtype": "mixed_bfloat16"}
            )
        ),
    ),
    "frozen": (net, lambda size: frozen(net(size))),
}  # fmt: skip


def frozen(model):
    model.layers[-1].trainable = False
    return model


@pytest.mark.parametrize("pair", DIFFERENT)
def test_different_networks_have_different_directories(pair, tmp_path):
    one, other = (seen(each) for each in DIFFERENT[pair])
    assert one.identity.difference(other.identity) != ""
    recipe = Recipe(backbone="net", sizes=SIZES)
    assert directory(tmp_path, recipe, one) != directory(tmp_path, recipe, other)
    runs.begin(tmp_path / "named", "toys", recipe, TASK, one.identity)
    with pytest.raises(RunError, match=r"another network that is also called net: .*--run NAME"):
        runs.begin(tmp_path / "named", "toys", recipe, TASK, other.identity)


def test_files_of_other_weights_have_different_directories(tmp_path):
    one, other = seen(loaded(tmp_path, 1)), seen(loaded(tmp_path, 2))
    assert one.identity.difference(other.identity) == "its initial weights differ"


TASK = make_task([0, 1, 2, 0, 1, 2])


def directory(place: Path, recipe: Recipe, network: Backbone) -> Path:
    """The directory of a run of the network, which is started there."""
    path = runs.directory(place, None, recipe, TASK, network.identity)
    runs.begin(path, "toys", recipe, TASK, network.identity)
    return path


def saved(model, place: Path):
    model.save(place / "net.keras")
    return keras.models.load_model(place / "net.keras")


EQUAL = {
    "the-same-model": lambda place: (shared := net(16), shared),
    "built-twice": lambda place: (net(16), net(16)),
    "built-twice-without-names": lambda place: (unnamed(), unnamed()),
    "other-names-of-layers": lambda place: (net(16, names="stem"), net(16, names="entry")),
    "saved-and-loaded": lambda place: (net(16), saved(net(16), place)),
    "cloned": lambda place: (first := net(16), copy_of(first)),
    "random-function": lambda place: (random_net, random_net),
    "function-defined-again": lambda place: (closure(2.0), closure(2.0)),
    "cell-run-again": lambda place: (reading_a_global(2.0), reading_a_global(2.0)),
    "partial-made-again": lambda place: (
        functools.partial(net, activation="elu"),
        functools.partial(net, activation="elu"),
    ),
    "model-and-function": lambda place: (net(16), net),
    "file-loaded-twice": lambda place: (loaded(place, 1), loaded(place, 1)),
    "layer-of-layers-that-is-read": lambda place: (over_a_layer(), over_a_layer()),
    "global-of-an-attributes-name": lambda place: (
        reading_a_global(2.0, source=UNRELATED, rate=1.0),
        reading_a_global(2.0, source=UNRELATED, rate=5.0),
    ),
    "set-of-functions": lambda place: (over_a_set(), over_a_set()),
    "class-defined-again": lambda place: (of_a_class("x * 2"), of_a_class("x * 2")),
}


def unnamed():
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, kernel_initializer=keras.initializers.GlorotUniform(seed=3))(images)
    return keras.Model(images, layers.Conv2D(4, 1, kernel_initializer="ones")(layers.ReLU()(x)))


def copy_of(model):
    copied = keras.models.clone_model(model)
    copied.set_weights(model.get_weights())
    return copied


def random_net(size):
    return net(size, seed=None)


@pytest.mark.parametrize("pair", EQUAL)
def test_equal_networks_go_on_in_one_directory(pair, tmp_path):
    one, other = map(seen, EQUAL[pair](tmp_path))
    assert one.identity.difference(other.identity) == ""
    if pair != "model-and-function":
        assert one.name == other.name
    recipe = Recipe(backbone="net", sizes=SIZES)
    assert directory(tmp_path, recipe, one) == directory(tmp_path, recipe, other)


def test_what_a_network_computes_is_compared_with_a_tolerance():
    one = seen(net).identity
    near = Identity(one.structure, one.weights, tuple(1.001 * each for each in one.outputs))
    assert one.difference(near) == ""
    far = Identity(one.structure, one.weights, tuple(1.1 * each for each in one.outputs))
    assert one.difference(far) == "it computes different features for the same images"


def test_outputs_alone_part_runs_whose_digests_agree(tmp_path):
    recipe, network = Recipe(backbone="net", sizes=SIZES), seen(net)
    first = directory(tmp_path, recipe, network)
    far = Identity(network.identity.structure, network.identity.weights, (0.0,))
    second = runs.directory(tmp_path, None, recipe, TASK, far)
    assert second == first.with_name(f"{first.name}-2")
    runs.begin(second, "toys", recipe, TASK, far)
    assert runs.directory(tmp_path, None, recipe, TASK, network.identity) == first
    assert runs.directory(tmp_path, None, recipe, TASK, far) == second


@pytest.mark.parametrize("known", ["", "0123456789abcdef"])
def test_a_run_without_a_whole_identity_is_refused(tmp_path, known):
    assert other_network(known, seen(net).identity) != ""


def test_a_survey_leaves_networks_as_they_were():
    kept = {}

    def normalised(size):
        return kept.setdefault(size, net(size, layers.BatchNormalization(), trained=False))

    before = normalised(16).get_weights()
    assert not seen(normalised).pretrained
    for given, now in zip(before, kept[16].get_weights(), strict=True):
        np.testing.assert_array_equal(given, now)


def test_a_network_by_name_has_no_identity():
    named = surveyed(resolve("tiny"), SIZES, seed=0, console=Recorder())
    assert named.identity is None
    assert other_network("", None) == ""
    assert "as an object now" in other_network("", seen(net).identity)
    assert other_network(seen(net).identity, None) != ""


@pytest.mark.parametrize("sizes", [(16, 24), (16,)])
def test_weights_that_are_others_at_every_call_tell_nothing(sizes):
    random = np.random.default_rng()

    def network(size):
        made = net(size)
        made.layers[-1].set_weights([random.normal(size=(3, 3, 3, 4)), random.normal(size=4)])
        return made

    heard = Recorder()
    first, again = seen(network, sizes, heard), seen(network, sizes)
    assert first.identity.difference(again.identity) == ""
    assert first.identity.weights.startswith("any ")
    assert "network has different initial weights at every call" in heard.lines[0]


def test_a_weights_file_of_another_content_is_another_run(tmp_path):
    file = tmp_path / "mine.weights.h5"
    recipe = Recipe(backbone="tiny", weights=str(file))
    places = []
    for content in (b"one", b"other"):
        file.write_bytes(content)
        places.append(runs.directory(tmp_path, None, recipe, TASK, None))
    assert places[0] != places[1]
    runs.begin(tmp_path / "named", "toys", recipe, TASK, None)
    file.write_bytes(b"third")
    with pytest.raises(RunError, match="whose weights file changed since it started"):
        runs.begin(tmp_path / "named", "toys", recipe, TASK, None)
