"""Palettes, deep grey and floating point -> eight bits, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

# Pixels that are converted at once where a mode has to be: a few megabytes at a time.
BAND_PIXELS = 1 << 20

# Black and white of pictures of eight and of sixteen bits.
EIGHT_BITS = (0.0, 255.0)
SIXTEEN_BITS = (0.0, 65535.0)


def reduced(image: Image.Image, side: int, *, keep_alpha: bool) -> Image.Image:
    """The picture in mode L, LA, RGB or RGBA, smaller by a whole number, no less than 2 × `side`.

    In bands of rows: converted whole, a picture would be in memory two or three times. Alpha that
    is zero everywhere is no alpha, as programs leave the byte empty. keep_alpha: it stays even so.
    """
    ends = _black_and_white(image)
    opaque = not keep_alpha and _has_empty_alpha(image)
    factor = max(1, max(image.size) // (2 * side))
    made: Image.Image | None = None
    for top, band in bands(image, factor):
        small = _eight_bit(band, ends)
        if opaque:
            small = small.convert(small.mode[:-1])  # without the A
        small = small.reduce(factor)
        if made is None:
            made = Image.new(small.mode, (-(-image.width // factor), -(-image.height // factor)))
        made.paste(small, (0, top // factor))
    assert made is not None
    return made


def bands(image: Image.Image, multiple: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """The picture in bands of rows with the row that each begins at, a multiple of `multiple`."""
    rows = multiple * max(1, BAND_PIXELS // (multiple * image.width))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _has_empty_alpha(image: Image.Image) -> bool:
    """True if there is alpha, and it is zero at every pixel of a picture that has colours.

    One colour that is transparent throughout is an empty picture, and stays so.
    """
    if image.mode not in ("LA", "PA", "RGBA", "P") or not image.has_transparency_data:
        return False
    first, varied = None, False
    for _, band in bands(image):
        pixels = np.asarray(_eight_bit(band, EIGHT_BITS))
        if pixels[..., -1].any():
            return False
        first = pixels[0, 0] if first is None else first
        varied = varied or bool((pixels != first).any())
    return varied


def _black_and_white(image: Image.Image) -> tuple[float, float]:
    """What becomes black and what white.

    Measurements, masks and float exposures have no fixed white, so that they are stretched from
    the darkest to the lightest value. So are sixteen bits of which less than half is used: cameras
    and microscopes put ten or twelve bits there, which would be black.
    """
    deep = image.mode.startswith("I;16")
    if not deep and image.mode not in ("I", "F"):
        return EIGHT_BITS
    lows, highs = [], []
    for _, band in bands(image):
        values = np.asarray(band)
        numbers = values[np.isfinite(values)]
        if numbers.size:
            lows.append(float(numbers.min()))
            highs.append(float(numbers.max()))
    low, high = min(lows, default=0.0), max(highs, default=0.0)
    if deep and (low == high or high - low >= SIXTEEN_BITS[1] / 2):
        return SIXTEEN_BITS
    return low, high


def _eight_bit(image: Image.Image, ends: tuple[float, float]) -> Image.Image:
    """Mode L, RGB, LA or RGBA. ends: what becomes black and white in a deep mode."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode.startswith("I;16") and ends == SIXTEEN_BITS:
        # Pillow's own convert clips at 255 instead of scaling.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        black, white = ends
        values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=black)
        scaled = (values.clip(black, white) - black) * (255.0 / max(white - black, 1e-30))
        return Image.fromarray(scaled.astype(np.uint8))
    if image.mode in ("LA", "RGBA"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")
