"""Does timm's network compute the features that kaggle-prz's does, from the same weights?

python benchmarks/peers/check.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

_LARGEST = 1e-3


@click.command()
@click.option("--peers", default=".venv-peers", show_default=True, type=click.Path(path_type=Path))
@click.option("--sizes", default="96,144,192", show_default=True)
def main(peers: Path, sizes: str) -> None:
    """Print the largest difference at every size; fail where it is above a thousandth."""
    from kaggle_prz.models.backbones import resolve
    from kaggle_prz.models.classifier import build

    random, arrays = np.random.default_rng(0), {}
    for size in map(int, sizes.split(",")):
        pixels = random.integers(0, 256, (4, size, size, 3), dtype=np.uint8)
        classifier = build(resolve("efficientnet_lite0"), size, 2, weights="imagenet")
        arrays[f"pixels{size}"] = pixels
        arrays[f"features{size}"] = classifier.features.predict(pixels, verbose=0)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "features.npz")
        np.savez(file, **arrays)
        command = [peers / "bin/python", Path(__file__).with_name("lite0.py"), file]
        child = subprocess.run(command, check=True, capture_output=True, text=True)
    scale = max(np.abs(arrays[name]).max() for name in arrays if name.startswith("features"))
    for line in child.stdout.splitlines():
        size, difference = line.split()
        click.echo(f"{size} px: features up to {scale:.1f} differ by at most {difference}")
        if float(difference) > _LARGEST:
            sys.exit(f"timm's features differ by more than {_LARGEST}: the comparison is unfair.")


if __name__ == "__main__":
    main()
