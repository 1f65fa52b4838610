"""What XLA compiles for JAX, kept on the disk: a second run of the same sizes compiles nothing."""

import keras

from kaggle_prz.core import filesystem

_PLACE = "jax_compilation_cache_dir"


def keep() -> None:
    """Keep compilations below the tool's home, unless JAX is set to keep them elsewhere.

    Other frameworks than JAX keep none.
    """
    if keras.backend.backend() != "jax":
        return
    import jax

    if getattr(jax.config, _PLACE):
        return
    jax.config.update(_PLACE, str(filesystem.home() / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
