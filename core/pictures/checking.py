"""Bytes -> a checked picture: its thumbnail, its large view, its pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from PIL import Image

from core.pictures.cut import note_on_missing
from core.pictures.decode import decoded
from core.pictures.encode import jpeg
from core.pictures.formats import note_on
from core.pictures.opening import open_picture

THUMBNAIL_SIDE = 320
DISPLAY_SIDE = 1600
# Enough for the eye at 320 px, two thirds of the bytes of 90.
THUMBNAIL_QUALITY = 80
DISPLAY_QUALITY = 88


@dataclass(frozen=True)
class Checked:
    """A picture that can be decoded.

    id: SHA-256 of the bytes, in hex.
    format: one of FORMATS.
    width, height: pixels, as seen upright (EXIF orientation applied).
    frames: 1, or how many there are; at least that many for GIF and TIFF, which are not counted.
    thumbnail: upright JPEG in sRGB, no side above THUMBNAIL_SIDE, transparency on a plain ground.
    note: what the person should know, a sentence or "".
    """

    id: str
    format: str
    width: int
    height: int
    frames: int
    thumbnail: bytes
    note: str


def picture_id(data: bytes) -> str:
    """SHA-256 of the bytes, in hex: identity is content."""
    return hashlib.sha256(data).hexdigest()


def check(data: bytes, name: str = "", known_id: str = "") -> Checked:
    """Decode once, into the thumbnail, and say what the picture is.

    data: the whole file. name: only its suffix is looked at, to note a mislabelled file.
    known_id: the picture's id, where the caller has computed it; else it is computed here.
    Raises PictureError for anything that cannot be read. Whether an embedder takes the picture is
    for `payload` to say.
    """
    found = decoded(data, THUMBNAIL_SIDE)
    notes = [note_on(found.format, found.frames, name)]
    if found.missing is not None:
        notes.insert(0, note_on_missing(found.missing))
    return Checked(
        id=known_id or picture_id(data),
        format=found.format,
        width=found.width,
        height=found.height,
        frames=found.frames,
        thumbnail=jpeg(found.image, THUMBNAIL_QUALITY),
        note=" ".join(filter(None, notes)),
    )


def remake_thumbnail(data: bytes) -> bytes:
    """The thumbnail alone, for a picture that was checked before. Raises PictureError."""
    return jpeg(decoded(data, THUMBNAIL_SIDE).image, THUMBNAIL_QUALITY)


def stored_size(data: bytes) -> tuple[int, int]:
    """Width and height as they are in the file's header, perhaps not upright; nothing is decoded.

    Raises PictureError.
    """
    return open_picture(data).image.size


def pixels(data: bytes, side: int) -> Image.Image:
    """The picture as it is shown, mode RGB, no side above `side`: for an embedder of this machine,
    without the loss of a JPEG in between. Raises PictureError.
    """
    return decoded(data, side).image.convert("RGB")


def display(data: bytes, side: int = DISPLAY_SIDE) -> bytes:
    """An upright JPEG, no side above `side`, of any accepted picture. Raises PictureError."""
    return jpeg(decoded(data, side).image, DISPLAY_QUALITY)
