"""A `.keras` file -> the model that Keras saved in it, read without running code of the file."""

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.models.backbones.own.written import Written

if TYPE_CHECKING:
    import keras

_CONFIG = "config.json"
_UNKNOWN = re.compile(r"(?:Could not locate|Unknown) (\w+)[:\s]+'?([\w.>]+)'?")
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
        if unknown := _UNKNOWN.search(said):
            raise written.refusal(
                f"{file} has the {unknown[1]} {unknown[2]} of your own, which Keras does not know. "
                f"{_INSTEAD}, or, in Python, import its module before, in which it is decorated "
                "with keras.saving.register_keras_serializable()"
            ) from error
        if "safe_mode" in said or "unsafe" in said.lower():
            raise written.refusal(
                f"{file} has code that Keras does not run from a file. {_INSTEAD}"
            ) from error
        raise written.refusal(
            f"Keras cannot load {file}: {type(error).__name__}: {_reason(error)}. Save the model "
            f"again with this version of Keras. {_INSTEAD}"
        ) from error
    if not isinstance(model, keras.Model):
        raise written.refusal(f"{file} has a {type(model).__name__}, and no keras.Model")
    return model


def _reason(error: Exception) -> str:
    """Return why Keras does not load a model; it wraps what it met into more lines."""
    met = re.findall(r"Exception encountered: (.+)", str(error))
    return str(met[-1])[:200].rstrip(". ") if met else _first_line(error).rstrip(". ")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return line[:200]
