"""Sixteen bits a colour of which only the lower are used, as some cameras and scanners write them.

Pillow keeps the upper eight bits, which are next to black then. Read as if its two bytes stood in
the other order, the same file gives the lower eight.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from core.pictures.tones import bands

_OTHER_ORDER = {
    ";16B": ";16L",
    ";16L": ";16B",
    ";16N": ";16B" if sys.byteorder == "little" else ";16L",
}


def is_deep(image: Image.Image) -> bool:
    """True for an opened picture of sixteen bits a colour. False once it is decoded."""
    return (
        isinstance(image, ImageFile.ImageFile)
        and image.mode in ("RGB", "RGBA")
        and bool(image.tile)
        and all(_raw_mode(tile.args)[-4:] in _OTHER_ORDER for tile in image.tile)
    )


def over_used_range(image: Image.Image, reopen: Callable[[], Image.Image]) -> Image.Image:
    """A decoded picture of sixteen bits a colour, shown over the range that it uses if that is
    less than half of them; as it is otherwise.

    reopen: opens its file again.
    """
    colours = slice(0, 3)
    if max(np.asarray(band)[..., colours].max() for _, band in bands(image)) > 127:
        return image
    lower = reopen()
    assert isinstance(lower, ImageFile.ImageFile)
    lower.tile = [tile._replace(args=_with_other_order(tile.args)) for tile in lower.tile]
    lower.load()

    def values(upper_band: Image.Image, top: int) -> np.ndarray:
        box = (0, top, image.width, top + upper_band.height)
        upper, below = (np.asarray(part, np.uint16) for part in (upper_band, lower.crop(box)))
        return upper[..., colours] * 256 + below[..., colours]

    ranges = [(v.min(), v.max()) for v in (values(band, top) for top, band in bands(image))]
    black, white = min(low for low, _ in ranges), max(high for _, high in ranges)
    for top, band in bands(image):
        pixels = np.array(band)
        steps = (values(band, top) - black) * (255.0 / max(int(white) - int(black), 1))
        pixels[..., colours] = steps.astype(np.uint8)
        image.paste(Image.fromarray(pixels), (0, top))
    return image


def _raw_mode(args: Any) -> str:
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _with_other_order(args: Any) -> Any:
    raw = _raw_mode(args)
    other = raw[:-4] + _OTHER_ORDER[raw[-4:]]
    return (other, *args[1:]) if isinstance(args, tuple) else other
