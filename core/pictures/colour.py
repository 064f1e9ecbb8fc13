"""Colours as a file's profile means them -> sRGB, which screens and models take them for."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

# Profiles of printing presses reach some three megabytes; more is no profile that is needed.
MAX_PROFILE_BYTES = 4_194_304

# The mode in which a profile of each colour space is applied, and the modes that it describes.
_SPACES = {
    "RGB ": ("RGB", ("RGB", "RGBA", "L")),
    "GRAY": ("L", ("L",)),
    "CMYK": ("CMYK", ("CMYK",)),
}

# Colours by which a profile is compared with sRGB, and how far the result may be off, of 255.
_LEVELS = range(0, 256, 51)
_SAMPLE = np.array([[r, g, b] for r in _LEVELS for g in _LEVELS for b in _LEVELS], np.uint8)
_SAME = 2

# One camera or screen made most of a collection; a profile takes up to MAX_PROFILE_BYTES here.
_CACHED = 4


def to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """The picture in sRGB by an ICC profile; as it is where that says nothing of its colours.

    image: of a size that is shown. Its alpha stays. profile: the bytes of one, or whatever a file
    has in its place.
    """
    if not isinstance(profile, bytes) or not 0 < len(profile) <= MAX_PROFILE_BYTES:
        return image
    transform = _transform(profile, image.mode)
    if transform is None:
        return image
    if image.mode != transform.input_mode:
        image = image.convert(transform.input_mode)
    return ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=_CACHED)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What turns a picture of this mode and profile into sRGB; None if nothing has to be done."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space, described = _SPACES.get(source.profile.xcolor_space, ("", ()))
        if mode not in described:
            return None
        given, made = ("RGBA", "RGBA") if mode == "RGBA" else (space, "RGB")
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), given, made)
        if space == "RGB" and _changes_nothing(source):
            return None
        return transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a damaged profile never decides whether a picture can be used


def _changes_nothing(source: ImageCms.ImageCmsProfile) -> bool:
    """True for sRGB, under whatever name: most pictures have it, and need no conversion."""
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    colours = Image.fromarray(_SAMPLE[None])
    converted = ImageCms.applyTransform(colours, transform)
    return converted is not None and bool(
        (np.abs(np.asarray(converted, int) - np.asarray(colours, int)) <= _SAME).all()
    )
