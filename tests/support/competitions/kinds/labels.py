"""Which table has the labels, and what its rows and columns are."""

from .kind import Kind

KINDS: dict[str, Kind] = {}
