"""Images a second of a torch DataLoader that decodes, resizes and flips in every epoch.

    .venv-peers/bin/python benchmarks/peers/dataloader_run.py split.json --sizes 96,192 \\
        --json loader.json

Rows are those of `split.py` that are trained on. Decoded by Pillow, resized with antialiasing.
"""

import json
import time
from pathlib import Path

import click
import lite0
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

_BATCH = 32


class Photographs(Dataset):
    """Files as `(size, size, 3)` uint8, flipped at random."""

    def __init__(self, rows: list[tuple[str, int]], size: int):
        self._rows, self._size = rows, size

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        file, label = self._rows[row]
        with Image.open(file) as image:
            image.draft("RGB", (self._size, self._size))
            small = image.convert("RGB").resize((self._size, self._size), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(small))
        flipped = [axis for axis in (0, 1) if torch.rand(()) < 0.5]
        return pixels.flip(flipped), label


@click.command()
@click.argument("split", type=click.Path(path_type=Path))
@click.option("--sizes", default="96,144,192", show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--epochs", default=3, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), required=True)
def main(split: Path, sizes: str, workers: int, epochs: int, json_file: Path) -> None:
    """Write seconds and images of every epoch as JSON."""
    rows = json.loads(split.read_text("utf-8"))["train"]
    found = []
    for size in map(int, sizes.split(",")):
        data = DataLoader(
            Photographs(rows, size),
            batch_size=_BATCH,
            shuffle=True,
            num_workers=workers,
            persistent_workers=workers > 0,
        )
        seconds = []
        for _ in range(epochs):
            begun = time.monotonic()
            for _ in data:
                pass
            seconds.append(round(time.monotonic() - begun, 4))
        found.append({"image_size": size, "images": len(rows), "seconds": seconds})
    result = {"tool": "torch", "workers": workers, "versions": lite0.versions(), "sizes": found}
    json_file.write_text(json.dumps(result) + "\n", "utf-8")


if __name__ == "__main__":
    main()
