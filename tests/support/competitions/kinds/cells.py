"""What labels and cells of a submission hold."""

from .kind import Kind

KINDS: dict[str, Kind] = {}
