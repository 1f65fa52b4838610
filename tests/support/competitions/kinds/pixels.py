"""What image files hold."""

from .kind import Kind

KINDS: dict[str, Kind] = {}
