import jax
import keras
import pytest

from kaggle_prz.core import filesystem
from kaggle_prz.models import compilations

pytestmark = pytest.mark.keras


@pytest.fixture
def place():
    """Return where JAX keeps compilations; what it was set to comes back."""
    names = [name for name in dir(jax.config) if name.startswith("jax_persistent_cache_min")]
    before = {name: getattr(jax.config, name) for name in [*names, "jax_compilation_cache_dir"]}
    jax.config.update("jax_compilation_cache_dir", None)
    yield lambda: jax.config.jax_compilation_cache_dir
    for name, value in before.items():
        jax.config.update(name, value)


def test_compilations_of_jax_are_kept(place, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    compilations.keep()
    assert place() == str(filesystem.home() / "compiled")


def test_a_place_that_is_set_stays(place, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    jax.config.update("jax_compilation_cache_dir", "/elsewhere")
    compilations.keep()
    assert place() == "/elsewhere"


def test_other_frameworks_keep_none(place, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    compilations.keep()
    assert place() is None
