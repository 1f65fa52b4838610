"""Which file is the sample submission, and which of its columns is what."""

from pathlib import Path

from ..drawn import Drawn
from .kind import Kind, Plain


def sample_in_a_folder(root: Path, seed: int) -> Drawn:
    """The sample submission lies in a folder, beside tables in the root."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    sheet = plain.sheet("label", name="submission/sample_submission.csv")
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


KINDS: dict[str, Kind] = {
    "sample-in-a-folder": Kind(sample_in_a_folder),
}
