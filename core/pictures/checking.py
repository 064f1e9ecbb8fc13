"""Bytes -> a checked picture: thumbnail, large view, and what is sent to a service."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from core.errors import PictureError
from core.pictures.decode import open_picture, scaled
from core.pictures.formats import ABOVE_SIDE, BELOW_SIDE, MAX_BYTES, frame_count, note_on

THUMBNAIL_SIDE = 320
DISPLAY_SIDE = 1600
# Enough for the eye at 320 px, two thirds of the bytes of 90.
THUMBNAIL_QUALITY = 80
DISPLAY_QUALITY = 88

# Sides that an oversized picture is scaled to before it is sent. The models behind see a few
# hundred pixels a side; the second is for pictures that stay above MAX_BYTES at the first.
PAYLOAD_SIDES = (4096, 2048)
PAYLOAD_QUALITY = 95


@dataclass(frozen=True)
class Checked:
    """A picture that can be decoded.

    id: SHA-256 of the bytes, in hex.
    format: one of FORMATS.
    width, height: pixels, as seen upright (EXIF orientation applied).
    frames: 1, or how many there are; at least that many for GIF and TIFF, which are not counted.
    thumbnail: upright JPEG, no side above THUMBNAIL_SIDE, transparency on white.
    note: what the person should know, a sentence or "".
    """

    id: str
    format: str
    width: int
    height: int
    frames: int
    thumbnail: bytes
    note: str


class Upright(Protocol):
    """Anything that knows the size of a picture that was checked before."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


@dataclass(frozen=True)
class Payload:
    """What is sent: the file's own bytes, or a smaller version of it (`altered`)."""

    data: bytes
    altered: bool


def picture_id(data: bytes) -> str:
    """SHA-256 of the bytes, in hex: identity is content."""
    return hashlib.sha256(data).hexdigest()


def check(data: bytes, name: str = "", known_id: str = "") -> Checked:
    """Decode once, into the thumbnail, and say what the picture is.

    data: the whole file. name: only its suffix is looked at, to note a mislabelled file.
    known_id: the picture's id, where the caller has computed it; else it is computed here.
    Raises PictureError for anything that cannot be shown and embedded.
    """
    image = open_picture(data)
    kind = str(image.format)
    frames = frame_count(image)
    stored = image.size
    small, turned = scaled(image, data, THUMBNAIL_SIDE)
    width, height = stored if not turned else stored[::-1]
    return Checked(
        id=known_id or picture_id(data),
        format=kind,
        width=width,
        height=height,
        frames=frames,
        thumbnail=_jpeg(small, THUMBNAIL_QUALITY),
        note=note_on(kind, frames, name),
    )


def remake_thumbnail(data: bytes) -> bytes:
    """The thumbnail alone, for a picture that was checked before. Raises PictureError."""
    small, _ = scaled(open_picture(data), data, THUMBNAIL_SIDE)
    return _jpeg(small, THUMBNAIL_QUALITY)


def pixels(data: bytes, side: int) -> Image.Image:
    """The upright picture in mode RGB, no side above `side`, transparency on white: for an
    embedder of this machine, without the loss of a JPEG in between. Raises PictureError.
    """
    small, _ = scaled(open_picture(data), data, side)
    return small.convert("RGB")


def display(data: bytes, side: int = DISPLAY_SIDE) -> bytes:
    """An upright JPEG, no side above `side`, of any accepted picture. Raises PictureError."""
    small, _ = scaled(open_picture(data), data, side)
    return _jpeg(small, DISPLAY_QUALITY)


def payload(data: bytes, checked: Upright) -> Payload:
    """The bytes to send: `data` itself wherever the service takes it, so that the vector is the
    one that anybody else gets; a smaller, upright copy where it would be refused for its size.

    Raises PictureError.
    """
    if len(data) <= MAX_BYTES and max(checked.width, checked.height) < BELOW_SIDE:
        return Payload(data, altered=False)
    for side in PAYLOAD_SIDES:
        small, _ = scaled(open_picture(data), data, side, flatten=False)
        # Scaling must not push the short side of a ribbon below what the service takes.
        wide = (max(small.width, ABOVE_SIDE + 1), max(small.height, ABOVE_SIDE + 1))
        if small.size != wide:
            small = small.resize(wide)
        encoded = _png(small) if "A" in small.getbands() else _jpeg(small, PAYLOAD_QUALITY)
        if len(encoded) <= MAX_BYTES:
            return Payload(encoded, altered=True)
    raise PictureError("It is too large to be sent, and cannot be scaled down.")


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, icc_profile=image.info.get("icc_profile"))
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", icc_profile=image.info.get("icc_profile"))
    return out.getvalue()
