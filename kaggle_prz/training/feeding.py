"""Batches -> what Keras trains on, without a wait at the end of every pass."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    import tensorflow as tf

_AHEAD = 2  # batches that are made while the network works


def fed(batches: keras.utils.PyDataset) -> "keras.utils.PyDataset | tf.data.Dataset":
    """Return what `fit` takes for `batches`: the same, in the same order, pass by pass.

    With TensorFlow, Keras has the number of batches made ahead tuned at run time. Whenever such a
    pass ends, TensorFlow waits for the tuner's next turn, up to eight seconds in which nothing is
    computed (TensorFlow 2.21). A fixed number needs no tuner.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    def a_pass() -> Iterator[tuple[object, ...]]:
        batches.on_epoch_end()  # Keras, too, calls it once before the first pass
        for index in range(len(batches)):
            yield batches[index]

    signature = tuple(
        tf.TensorSpec((None, *part.shape[1:]), tf.as_dtype(part.dtype)) for part in batches[0]
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(a_pass, output_signature=signature)
    counted = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return counted.prefetch(_AHEAD).with_options(options)
