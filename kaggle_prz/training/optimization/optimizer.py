"""AdamW by depth, and for pretrained networks, whose normalization statistics stay fixed."""

import math
import re
from collections.abc import Mapping, Sequence

import keras

from kaggle_prz.models.batch_normalization import kind_of
from kaggle_prz.schedule.recipe import Recipe

_TYPICAL_FAN_IN = 320
_MOST = 10.0
# What says where a token is, or is one, is no kernel: as timm's `no_weight_decay` of its networks.
_NO_KERNEL = re.compile(
    r"(class|cls|dist|distillation|mask|register)_tokens?(/|$)|pos(ition)?_?(al_)?embed"
    r"|relative_position"
)


def optimizer_of(
    model: keras.Model,
    recipe: Recipe,
    learning_rate: float,
    *,
    pretrained: bool,
    rates: Mapping[str, float] | None = None,
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a stage, built on what of the model is trainable now.

    `pretrained` says whether normalization statistics stay fixed. A network that normalizes every
    image by itself has none, and published rates for it are of AdamW as it is. The optimizer has a
    loss scale around it where the model computes in float16.
    """
    shifts = pretrained and kind_of(model) != "layer"
    kind = FineTuningAdamW if shifts else LayerwiseAdamW
    optimizer = kind(
        learning_rate,
        rates=rates,
        weight_decay=recipe.weight_decay,
        clipnorm=recipe.clipnorm,
        gradient_accumulation_steps=recipe.accumulate if recipe.accumulate > 1 else None,
    )
    optimizer.exclude_from_weight_decay(
        var_list=[variable for variable in model.trainable_variables if not _decays(variable)],
        var_names=["bias", "gamma", "beta"],
    )
    if _computes_in_float16(model):  # its head is float32, so Keras would not do it
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    return optimizer


def _decays(variable: keras.Variable) -> bool:
    """Return whether a weight is a kernel: of two axes or more, and not an embedding of tokens."""
    return len(variable.shape) > 1 and not _NO_KERNEL.search(variable.path)


def _computes_in_float16(model: keras.Model) -> bool:
    layers = model._flatten_layers(include_self=False, recursive=True)
    return any(layer.compute_dtype == "float16" for layer in layers)


class LayerwiseAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW with a share of the learning rate by the path of a weight; weight decay knows none."""

    def __init__(self, *args: object, rates: Mapping[str, float] | None = None, **options: object):
        super().__init__(*args, **options)
        self._share_of = dict(rates or {}).get

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Make the state of those variables."""
        super().build(variables)
        self._shares = tuple(self._share_of(variable.path, 1.0) for variable in variables)

    def update_step(
        self,
        gradient: keras.KerasTensor,
        variable: keras.Variable,
        learning_rate: keras.KerasTensor,
    ) -> None:
        """Update one variable."""
        place = self._get_variable_index(variable)
        share = self._shares[place]
        rate = learning_rate if share == 1 else learning_rate * share
        if _fuses(gradient):
            self._update_in_one(gradient, variable, rate, place)
        else:
            super().update_step(gradient, variable, rate)

    def _backend_update_step(
        self,
        gradients: Sequence[keras.KerasTensor],
        variables: Sequence[keras.Variable],
        learning_rate: keras.KerasTensor,
    ) -> None:
        """Update all variables, on one device without what Keras does for several.

        Its sum over devices is registered by TensorFlow for the whole process, and holds the graph
        of the step: tens of megabytes of every stage.
        """
        if not _on_one_device_of_tensorflow():
            super()._backend_update_step(gradients, variables, learning_rate)
            return
        self._powers: dict[str, tuple[keras.KerasTensor, keras.KerasTensor]] = {}
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, getattr(variable, "value", variable), learning_rate)

    def _update_in_one(
        self,
        gradient: keras.KerasTensor,
        variable: keras.Variable,
        rate: keras.KerasTensor,
        place: int,
    ) -> None:
        """Adam's step as TensorFlow's one operation: Keras's dozen pass over the memory each."""
        import tensorflow as tf

        beta1_power, beta2_power = self._powers_of_betas(variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=beta1_power,
            beta2_power=beta2_power,
            lr=tf.cast(rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )

    def _powers_of_betas(self, dtype: str) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return both betas to the number of the step; the same for every variable of a type."""
        import tensorflow as tf

        if dtype not in self._powers:
            step = tf.cast(self.iterations + 1, dtype)
            first, second = tf.cast(self.beta_1, dtype), tf.cast(self.beta_2, dtype)
            self._powers[dtype] = tf.pow(first, step), tf.pow(second, step)
        return self._powers[dtype]


def _on_one_device_of_tensorflow() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.distribute.has_strategy()


def _fuses(gradient: keras.KerasTensor) -> bool:
    """Return whether an update is one operation: dense gradients on one TensorFlow device."""
    if not _on_one_device_of_tensorflow():
        return False
    import tensorflow as tf

    return not isinstance(gradient, tf.IndexedSlices)


class FineTuningAdamW(LayerwiseAdamW):
    """AdamW with centred gradients and a learning rate that falls with a layer's inputs.

    Adam's first steps move every weight by the learning rate. Inputs after a ReLU are all
    positive, so the weights of an output move the same way, and it shifts by the sum of its
    inputs; batch statistics would take the shift out again, fixed ones let it through to
    everything behind. Centring a gradient over the inputs of each output (Yong et al.,
    arXiv:2004.01461) takes the shift out, and a learning rate in proportion to 1 / inputs (Yang
    et al., arXiv:2203.03466) makes layers move alike: that of a layer with 320 inputs is the one
    given, and at most ten times as much.
    """

    def update_step(
        self,
        gradient: keras.KerasTensor,
        variable: keras.Variable,
        learning_rate: keras.KerasTensor,
    ) -> None:
        """Update one variable."""
        inputs = inputs_of(tuple(variable.shape))
        if inputs:
            gradient = gradient - keras.ops.mean(gradient, axis=inputs, keepdims=True)
        rate = learning_rate * share_of_rate(tuple(variable.shape))
        super().update_step(gradient, variable, rate)


def inputs_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes of a convolution's kernel that one output sums over; none for other weights."""
    if len(shape) != 4:
        return ()
    return (0, 1) if shape[-1] == 1 else (0, 1, 2)  # depthwise, or over all inputs


def share_of_rate(shape: tuple[int, ...]) -> float:
    """Return a variable's learning rate ÷ the one given."""
    axes = inputs_of(shape) or range(len(shape) - 1)
    return min(_MOST, _TYPICAL_FAN_IN / math.prod(shape[axis] for axis in axes))
