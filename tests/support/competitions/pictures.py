"""Pictures whose classes are easy to tell apart at 32 pixels: strong colours, simple shapes."""

import colorsys
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Random = np.random.Generator

_SHAPES = ("disc", "square", "ring", "cross")
_PRIMARIES = np.array([(230, 40, 40), (40, 210, 60), (50, 80, 240)], np.float64)
_DIGITS = (
    ("01110", "10001", "10011", "10101", "11001", "10001", "01110"),
    ("00100", "01100", "00100", "00100", "00100", "00100", "01110"),
    ("01110", "10001", "00001", "00110", "01000", "10000", "11111"),
    ("11110", "00001", "00001", "01110", "00001", "00001", "11110"),
    ("00010", "00110", "01010", "10010", "11111", "00010", "00010"),
    ("11111", "10000", "11110", "00001", "00001", "10001", "01110"),
    ("00110", "01000", "10000", "11110", "10001", "10001", "01110"),
    ("11111", "00001", "00010", "00100", "01000", "01000", "01000"),
    ("01110", "10001", "10001", "01110", "10001", "10001", "01110"),
    ("01110", "10001", "10001", "01111", "00001", "00010", "01100"),
)


def hue(position: float, value: float = 0.9) -> Colour:
    """A strong colour; `position` goes once around the circle in [0, 1)."""
    red, green, blue = colorsys.hsv_to_rgb(position % 1.0, 0.85, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def grey(random: Random, low: int = 90, high: int = 150) -> Colour:
    """A grey of random brightness."""
    value = int(random.integers(low, high))
    return value, value, value


def thing(
    random: Random,
    kind: int,
    kinds: int,
    *,
    background: Colour | None = None,
    side: int | None = None,
) -> Image.Image:
    """One shape in its kind's colour.

    Args:
        random: source of place, size and noise.
        kind: in `range(kinds)`; gives hue and shape.
        kinds: how many there are.
        background: default: a random grey.
        side: of a square picture, px; default: a random width and height.
    """
    picture = _blank(random, background or grey(random), side)
    _shape(random, picture, _SHAPES[kind % len(_SHAPES)], hue(kind / kinds))
    return noisy(random, picture)


def marks(random: Random, present: Iterable[int], kinds: int) -> Image.Image:
    """A disc for every kind that is present, in the kind's colour at the kind's place."""
    picture = _blank(random, grey(random, 20, 60), None)
    pencil, across = ImageDraw.Draw(picture), math.ceil(math.sqrt(kinds))
    width, height = picture.width / across, picture.height / across
    for kind in sorted(present):
        left = (kind % across) * width + random.uniform(0, 0.1) * width
        top = (kind // across) * height + random.uniform(0, 0.1) * height
        pencil.ellipse(
            (left, top, left + 0.85 * width, top + 0.85 * height), fill=hue(kind / kinds)
        )
    return noisy(random, picture)


def level(random: Random, share: float, *, border: float = 0.0) -> Image.Image:
    """A disc that grows and turns from blue to yellow with `share`, in [0, 1].

    Args:
        random: source of size, place and noise.
        share: what is to be read from the picture.
        border: width of a black border, as a share of the picture's width.
    """
    picture = _blank(random, (70, 40, 40), None)
    pencil = ImageDraw.Draw(picture)
    radius = (0.15 + 0.27 * share) * min(picture.size)
    middle_x = picture.width * random.uniform(0.47, 0.53)
    middle_y = picture.height * random.uniform(0.47, 0.53)
    box = (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius)
    pencil.ellipse(box, fill=(round(240 * share), round(230 * share), round(200 * (1 - share))))
    picture = noisy(random, picture)
    edge = round(border * picture.width)
    if edge:
        framed = Image.new("RGB", (picture.width + 2 * edge, picture.height))
        framed.paste(picture, (edge, 0))
        return framed
    return picture


def mixture(random: Random, shares: Sequence[float], brightness: float) -> Image.Image:
    """A disc whose colour mixes red, green and blue by three shares, on a grey in [0, 1]."""
    value = round(30 + 200 * brightness)
    picture = _blank(random, (value, value, value), None)
    red, green, blue = (int(c) for c in np.rint(np.asarray(shares) @ _PRIMARIES))
    _shape(random, picture, "disc", (red, green, blue))
    return noisy(random, picture)


def two_tone(random: Random, body: int, bodies: int, ground: int, grounds: int) -> Image.Image:
    """A square in one of `bodies` colours on one of `grounds` darker colours."""
    picture = _blank(random, hue(ground / grounds + 0.5 / grounds, 0.45), None)
    _shape(random, picture, "square", hue(body / bodies))
    return noisy(random, picture)


def badge(random: Random, position: float, shade: int, size: float) -> Image.Image:
    """A disc of one colour in the middle of a grey ground.

    Args:
        random: source of the picture's size and of noise.
        position: of the hue, see `hue`.
        shade: of the ground, 0 to 255.
        size: of the disc, as a share of the picture.
    """
    picture = _blank(random, (shade, shade, shade), None)
    width, height = size * picture.width, size * picture.height
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    ImageDraw.Draw(picture).ellipse((left, top, left + width, top + height), fill=hue(position))
    return noisy(random, picture)


def digit(random: Random, number: int) -> NDArray[np.uint8]:
    """A digit in grey on black, `(16, 16)`, its place up to one pixel off."""
    glyph = np.array([[pixel == "1" for pixel in row] for row in _DIGITS[number]], np.float64)
    glyph = glyph.repeat(2, axis=0).repeat(2, axis=1)
    canvas = np.zeros((16, 16))
    top, left = random.integers(0, 2), random.integers(3, 5)
    canvas[top : top + 14, left : left + 10] = glyph * random.uniform(170, 240)
    return (canvas + random.uniform(0, 15, canvas.shape)).astype(np.uint8)


def noisy(random: Random, picture: Image.Image, strength: int = 12) -> Image.Image:
    """The picture with every value up to `strength` off."""
    values = np.asarray(picture, np.int16)
    noise = random.integers(-strength, strength + 1, values.shape, np.int16)
    return Image.fromarray(np.clip(values + noise, 0, 255).astype(np.uint8))


def _blank(random: Random, colour: Colour, side: int | None) -> Image.Image:
    width, height = (side, side) if side else (int(n) for n in random.integers(40, 91, 2))
    return Image.new("RGB", (width, height), colour)


def _shape(random: Random, picture: Image.Image, shape: str, colour: Colour) -> None:
    pencil, width, height = ImageDraw.Draw(picture), picture.width, picture.height
    wide, high = (float(size) for size in random.uniform(0.55, 0.7, 2) * (width, height))
    left = float(random.uniform(0.1, 0.9)) * (width - wide)
    top = float(random.uniform(0.1, 0.9)) * (height - high)
    box = (left, top, left + wide, top + high)
    if shape == "disc":
        pencil.ellipse(box, fill=colour)
    elif shape == "square":
        pencil.rectangle(box, fill=colour)
    elif shape == "ring":
        pencil.ellipse(box, outline=colour, width=max(5, round(wide / 4)))
    else:
        pencil.rectangle((left + 0.3 * wide, top, left + 0.7 * wide, top + high), fill=colour)
        pencil.rectangle((left, top + 0.3 * high, left + wide, top + 0.7 * high), fill=colour)
