"""How much of a download is fetched twice when its connection is cut again and again?

    python benchmarks/download.py
    python benchmarks/download.py --quick

A server on this machine offers a competition of 1 GB (64 MB with --quick) and cuts its download
20 times, each time after a random number of bytes. Counted are the bytes that the server sent
against the bytes of the archive; the memory is the highest of the process that downloads. In the
end every file must be whole.
"""

import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

TESTS = Path(__file__).parents[1] / "tests"
_PIECE = 1 << 22


def draw(path: Path, size: int) -> str:
    """Write `size` random bytes; returns their digest."""
    path.parent.mkdir(parents=True)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        while size > 0:
            piece = os.urandom(min(_PIECE, size))
            size -= len(piece)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def download() -> None:
    """What the process that is measured does: download, and tell what it took."""
    from kaggle_prz.competitions.kaggle import KaggleSource, Patience
    from kaggle_prz.competitions.kaggle.client import Door

    begun = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    directory = KaggleSource("large", door=Door(Patience(first=0.1))).download()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    taken = time.monotonic() - begun
    print(json.dumps({"directory": str(directory), "seconds": taken, "grown_kb": grown}))


def sent_bytes(requests: list[dict], archive: int, cuts: list[int]) -> int:
    """Bytes that the server sent: a cut answer's up to the cut, the last one's to the end."""
    total = 0
    for request, cut in zip(requests, [*cuts, None], strict=False):
        start = int((request["range"] or "bytes=0-")[6:].partition("-")[0])
        total += archive - start if cut is None else min(cut, archive - start)
    return total


@click.command()
@click.option("--quick", is_flag=True, help="64 MB instead of 1 GB.")
@click.option("--cuts", default=20, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--measured", is_flag=True, hidden=True)
def main(quick: bool, cuts: int, seed: int, measured: bool) -> None:
    """Measure."""
    if measured:
        download()
        return
    sys.path.insert(0, str(TESTS))
    from support.kaggle_server.fixtures import running

    size = 64_000_000 if quick else 1_000_000_000
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "server") as server:
        files = Path(place) / "files"
        digest = draw(files / "train" / "noise.bin", size)
        server.competition("large", files)
        drawn = random.Random(seed)
        # A cut's size counts from where the one before was, so these are gaps between places.
        places = sorted(drawn.uniform(0.0, 0.98 * size) for _ in range(cuts))
        sizes = [int(b - a) for a, b in zip([0.0, *places[:-1]], places, strict=True)]
        for nth, after in enumerate(sizes, start=1):
            server.faults.add("download", "cut", nth=nth, size=after)
        environment = server.environment() | {"KAGGLE_PRZ_HOME": str(Path(place) / "home")}
        command = [sys.executable, __file__, "--measured"]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        told = json.loads(done.stdout)
        archive = (Path(place) / "server" / "archives" / "large.zip").stat().st_size
        answers = server.requests("download")
        sent = sent_bytes(answers, archive, sizes)
        with (Path(told["directory"]) / "train" / "noise.bin").open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == digest
    twice = (sent - archive) / archive
    click.echo(
        f"{archive / 1e6:.0f} MB, cut {cuts} times, {len(answers)} requests: "
        f"{'whole' if whole else 'NOT WHOLE'}, {100 * twice:.2f} % fetched twice, "
        f"{told['seconds']:.1f} s, memory grew by {told['grown_kb'] / 1000:.0f} MB"
    )
    if not whole or twice > 0.05:
        sys.exit(1)


if __name__ == "__main__":
    main()
