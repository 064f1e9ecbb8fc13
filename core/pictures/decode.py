"""Bytes -> an upright picture of a bounded size in sRGB, in bounded memory."""

from __future__ import annotations

import contextlib
import math
import threading
from dataclasses import dataclass

from PIL import Image

from core.errors import PictureError
from core.pictures.colour import to_srgb
from core.pictures.cut import check_missing, jpeg_has_end, rescued
from core.pictures.deep_colour import is_deep, over_used_range
from core.pictures.formats import DAMAGED, DRAFTED, frame_count
from core.pictures.ground import flattened
from core.pictures.memory import check_memory, memory_needed
from core.pictures.opening import open_picture
from core.pictures.orientation import TURNS, exif_orientation, ignore_xmp
from core.pictures.tones import reduced

# Pictures that take more than this are decoded one at a time, whoever asks for them.
LARGE = 100_000_000
_one_large = threading.Lock()

# Modes that are scaled as they are.
SCALABLE = ("L", "RGB", "CMYK", "YCbCr", "LAB", "HSV")


@dataclass(frozen=True)
class Decoded:
    """A picture and what its file is.

    image: upright, in sRGB. format: one of FORMATS. width, height: pixels of the file, upright.
    frames: 1, or how many there are; at least that many for GIF and TIFF, which are not counted.
    missing: the share of the picture that the file lacks at its end; None if it is whole.
    """

    image: Image.Image
    format: str
    width: int
    height: int
    frames: int
    missing: float | None


def decoded(data: bytes, side: int, *, flatten: bool = True) -> Decoded:
    """The picture of a file, no side above `side`.

    Mode L or RGB, with flatten=False also RGBA. Scaling comes first: a JPEG is decoded at a
    fraction of its size, and turning a small picture costs nothing (63 against 333 ms at 12 MP).
    Raises PictureError for anything that cannot be read.
    """
    opened = open_picture(data)
    image = opened.image
    kind, size, frames = str(image.format), image.size, frame_count(image)
    _draft(image, side)
    needed = memory_needed(image, data)
    check_memory(needed)
    try:
        with _one_large if needed > LARGE else contextlib.nullcontext():
            image, missing = _loaded(image, data, side, needed)
            turn = exif_orientation(image)
            image = _shown(image, side, turn, flatten)
    except PictureError:
        raise
    except MemoryError:
        raise PictureError("There is not enough memory to open it.") from None
    except Exception as error:  # as in open_picture
        check_missing(opened.missing, at_most=0)
        raise PictureError(DAMAGED) from error
    width, height = size if turn < 5 else size[::-1]
    if missing is None:
        missing = opened.missing
    return Decoded(image, kind, width, height, frames, missing)


def _draft(image: Image.Image, side: int) -> None:
    """Have a JPEG decoded at a fraction of its size, twice `side` at least."""
    if image.format in DRAFTED:
        # `thumbnail` would do it for a square, which leaves a panorama at its full size.
        share = 2 * side / max(image.size)
        image.draft(None, (math.ceil(image.width * share), math.ceil(image.height * share)))


def _loaded(
    image: Image.Image, data: bytes, side: int, needed: int
) -> tuple[Image.Image, float | None]:
    """The picture with its pixels, stored as they are, and the share that is missing; None if it
    is whole.
    """

    def reopen(again: bytes) -> Image.Image:
        other = open_picture(again).image
        ignore_xmp(other)
        _draft(other, side)
        return other

    ignore_xmp(image)
    small_enough = needed <= LARGE  # to be in memory twice
    deep = small_enough and is_deep(image)
    try:
        if image.format not in DRAFTED or jpeg_has_end(data):
            image.load()
            return over_used_range(image, lambda: reopen(data)) if deep else image, None
    except MemoryError:
        raise
    except Exception:
        if not small_enough:
            raise
    return rescued(image, data, reopen)


def _shown(image: Image.Image, side: int, turn: int, flatten: bool) -> Image.Image:
    """A decoded picture made small, upright, and plain: mode L or RGB, else RGBA."""
    profile = image.info.get("icc_profile")
    if image.mode not in SCALABLE:
        image = reduced(image, side, keep_alpha=not flatten)
    image.thumbnail((side, side))
    if turn in TURNS:
        image = image.transpose(TURNS[turn])
    if image.mode == "LA" or (image.mode != "RGBA" and image.has_transparency_data):
        image = image.convert("RGBA")
    image = to_srgb(image, profile)
    if image.mode == "RGBA" and flatten:
        image = flattened(image)
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGB")
    image.info = {}
    return image
