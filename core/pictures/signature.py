"""A thumbnail -> a few bytes that tell whether two pictures show the same."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.errors import PictureError
from core.pictures.opening import open_picture

# Cells a side. 32 show what a picture is of, and a re-saved, resized or relit copy looks the same
# in them; colour, which says less, is kept more coarsely.
LIGHT_SIDE = 32
COLOUR_SIDE = 8

SIGNATURE_BYTES = LIGHT_SIDE**2 + 2 * COLOUR_SIDE**2


def signature(thumbnail: bytes) -> bytes:
    """The picture squeezed to a square: light (Y), then colour (Cb, Cr), a byte for each cell.

    Y is row by row, LIGHT_SIDE x LIGHT_SIDE; Cb and Cr likewise, COLOUR_SIDE x COLOUR_SIDE.
    Raises PictureError for what cannot be decoded.
    """
    image = open_picture(thumbnail).image
    # A JPEG is decoded at a smaller size at once, and its own colours are Y, Cb and Cr already.
    image.draft("YCbCr", (LIGHT_SIDE, LIGHT_SIDE))
    try:
        planes = image.convert("YCbCr").split()
    except Exception as error:  # Pillow's readers raise almost anything on hostile bytes.
        raise PictureError("The thumbnail cannot be decoded.") from error
    sides = (LIGHT_SIDE, COLOUR_SIDE, COLOUR_SIDE)
    return b"".join(
        np.asarray(plane.resize((side, side), Image.Resampling.BOX)).tobytes()
        for plane, side in zip(planes, sides, strict=True)
    )
