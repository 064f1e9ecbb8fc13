"""A decoded picture -> the bytes of a file."""

from __future__ import annotations

import io

from PIL import Image


def jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, icc_profile=image.info.get("icc_profile"))
    return out.getvalue()


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", icc_profile=image.info.get("icc_profile"))
    return out.getvalue()
