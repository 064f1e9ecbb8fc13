"""A rectangle of a picture, cut out as a picture of its own."""

from __future__ import annotations

from core.errors import PictureError
from core.model import Region
from core.pictures.decode import decoded
from core.pictures.encode import jpeg

# The picture is decoded no larger than this, as it is for sending: models see far less.
DECODED_SIDE = 4096
# A smaller rectangle shows nothing that a model could tell; Azure takes no side of 10 or less.
SMALLEST_SIDE = 16
QUALITY = 95


def cut_out(data: bytes, region: Region) -> bytes:
    """The part of a picture's file, upright, as JPEG. Raises PictureError.

    A part with a side below SMALLEST_SIDE pixels is refused; one of a picture that is larger than
    DECODED_SIDE is measured after that was scaled down.
    """
    image = decoded(data, DECODED_SIDE).image
    left, right = round(region.left * image.width), round(region.right * image.width)
    top, bottom = round(region.top * image.height), round(region.bottom * image.height)
    width, height = right - left, bottom - top
    if min(width, height) < SMALLEST_SIDE:
        raise PictureError(
            f"This part of the picture is only {width} × {height} pixels. Choose a larger one: "
            f"each side needs at least {SMALLEST_SIDE}."
        )
    return jpeg(image.crop((left, top, right, bottom)).convert("RGB"), QUALITY)
