"""How a competition of Kaggle is written: its slug, or an address of one of its pages."""

import re

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", re.IGNORECASE)
_PAGE = re.compile(
    r"(?:https?://)?(?:www\.)?kaggle\.com/(?:competitions|c)/(?P<slug>[^/?#\s]+)(?:[/?#].*)?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"/?(?:competitions|c)/(?P<slug>[^/?#\s]+)/?")


def is_slug(text: str) -> bool:
    """Return whether a competition of Kaggle may be called so: letters, digits, inner hyphens."""
    return _SLUG.fullmatch(text) is not None


def from_address(text: str) -> str | None:
    """Return the slug in an address such as `kaggle.com/c/dogs-vs-cats/overview`, or None."""
    return _slug_of(_PAGE.fullmatch(text.strip()))


def from_short(text: str) -> str | None:
    """Return the slug in `c/slug` or `competitions/slug`, which may be a path too, or None."""
    return _slug_of(_SHORT.fullmatch(text.strip()))


def page(slug: str, below: str = "") -> str:
    """Return the address of a competition's page."""
    return "/".join(["https://www.kaggle.com/competitions", slug, *([below] if below else [])])


def _slug_of(match: re.Match[str] | None) -> str | None:
    if match is None or not is_slug(match["slug"]):
        return None
    return match["slug"].lower()
