"""A `.keras` file -> the model that Keras saved in it, read without running code of the file."""

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.models.backbones.own.written import Written

if TYPE_CHECKING:
    import keras

_CONFIG = "config.json"
_INSTEAD = "Pass the function that builds the network, as MODULE:FUNCTION or FILE.py:FUNCTION"


def check(written: Written, file: Path) -> None:
    """Refuse a file that is no whole model of Keras 3, or that runs code; needs no Keras."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            config = json.loads(archive.read(_CONFIG)) if _CONFIG in names else None
            damaged = archive.testzip()
    except OSError as error:
        raise written.refusal(f"{file} cannot be read: {error.strerror}") from None
    except Exception as error:  # zipfile and zlib raise a dozen kinds on damaged bytes
        raise written.refusal(
            f"{file} is damaged or no file of Keras 3 ({_first_line(error)}). Save the model "
            "again, with model.save('NAME.keras')"
        ) from None
    if config is None or damaged:
        part = damaged or _CONFIG
        raise written.refusal(
            f"{file} is damaged or no file of Keras 3 ({part} is {'damaged' if damaged else ''}"
            f"{'' if damaged else 'missing'}). Save the model again, with model.save('NAME.keras')"
        )
    if "__lambda__" in json.dumps(config):
        raise written.refusal(
            f"{file} has a Lambda layer, whose code Keras does not run from a file. {_INSTEAD}"
        )


def load(written: Written, file: Path) -> "keras.Model":
    """Return the model of a file, with its weights."""
    check(written, file)
    import keras

    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # whatever a layer of the user's raises
        said = " ".join(str(error).split())
        if "Could not locate" in said or "Unknown " in said:
            raise written.refusal(
                f"{file} has a class or function of your own, which Keras does not know: "
                f"{_first_line(error)} {_INSTEAD}, or import its module and decorate it with "
                "keras.saving.register_keras_serializable()"
            ) from error
        if "safe_mode" in said or "unsafe" in said.lower():
            raise written.refusal(
                f"{file} has code that Keras does not run from a file. {_INSTEAD}"
            ) from error
        raise written.refusal(
            f"Keras cannot load {file}: {type(error).__name__}: {_first_line(error)} Save the "
            f"model again with this version of Keras. {_INSTEAD}"
        ) from error
    if not isinstance(model, keras.Model):
        raise written.refusal(f"{file} has a {type(model).__name__}, and no keras.Model")
    return model


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return line[:200]
