"""What the name of a file says: an archive or not, which format, which part."""

import re

TABLE = re.compile(r".\.(csv|tsv|json|jsonl|txt)$", re.IGNORECASE)
_PART = re.compile(r"(.+)\.(\d{3})")
_PACKED_TABLE = re.compile(r"(.+\.(?:csv|tsv|json|jsonl|txt))\.gz", re.IGNORECASE)
_PACKED = re.compile(
    r"(.+?)(\.zip|\.7z|\.tar|\.tar\.gz|\.tgz|\.tar\.bz2|\.tbz2?|\.tar\.xz|\.txz)", re.IGNORECASE
)


def part_of(name: str) -> tuple[str, int]:
    """The archive's name and the number of the part, 0 for an archive in one piece.

    Example:
        >>> part_of("train.zip.002"), part_of("train.zip")
        (('train.zip', 2), ('train.zip', 0))
    """
    found = _PART.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, 0)


def kind_of(name: str) -> str | None:
    """`"zip"`, `"tar"`, `"gz"` or `"7z"` by the name of a file, without part; else None.

    Example:
        >>> kind_of("labels.csv.gz"), kind_of("train.TGZ"), kind_of("scan.nii.gz")
        ('gz', 'tar', None)
    """
    if name.startswith("."):
        return None
    if _PACKED_TABLE.fullmatch(name):
        return "gz"
    found = _PACKED.fullmatch(name)
    return None if found is None else {".zip": "zip", ".7z": "7z"}.get(found[2].lower(), "tar")


def stem_of(name: str) -> str:
    """The name of an archive without any of its suffixes.

    Example:
        >>> stem_of("train.tar.7z"), stem_of("labels.csv.zip")
        ('train', 'labels.csv')
    """
    found = _PACKED_TABLE.fullmatch(name) or _PACKED.fullmatch(name)
    return stem_of(found[1]) if found else name
