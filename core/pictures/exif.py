"""The EXIF of a picture's file: what the camera wrote."""

from __future__ import annotations

import re

from PIL import Image, TiffImagePlugin

from core.pictures.kinds import kind_of
from core.pictures.opening import open_picture

# Of a HEIC, how much behind the start of its EXIF is looked at. Where a JPEG has it, it is at most
# 64 kilobytes; what a camera's maker adds is more at times, and none of it is asked for.
_EXIF_BYTES = 1 << 18
# The name alone also stands in the file's table of contents.
_START = re.compile(rb"Exif\0\0(?:II\*\0|MM\0\*)")


def exif_of(data: bytes) -> Image.Exif:
    """What the file's EXIF says; empty where there is none, or none that can be read.

    Nothing is decoded, so that the EXIF of a PNG which stands behind its pixels is not found. Also
    asking what is in it may raise almost anything.
    """
    exif = Image.Exif()
    try:
        if kind_of(data) == "HEIC":
            # Its reader leaves EXIF out (core/pictures/heic.py). It lies in one piece in the file,
            # and begins as in a JPEG.
            if found := _START.search(data):
                exif.load(data[found.start() : found.start() + _EXIF_BYTES])
            return exif
        image = open_picture(data).image
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            return image.getexif()
        exif.load(image.info.get("exif", b""))
    except Exception:  # metadata never decides whether a picture can be used
        return Image.Exif()
    return exif
