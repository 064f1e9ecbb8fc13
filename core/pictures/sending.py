"""A picture's file -> the bytes that are sent to an embedder, within what that embedder takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from core.errors import PictureError
from core.model import Limits
from core.pictures.cut import is_cut_short
from core.pictures.decode import decoded
from core.pictures.encode import jpeg, png
from core.pictures.formats import FORMATS
from core.pictures.opening import MAX_FILE_BYTES

# Sides that a picture is scaled to where its file cannot be sent. The models behind see a few
# hundred pixels a side; the others are for copies that are still too many bytes at the first.
PAYLOAD_SIDES = (4096, 2048, 1024)
PAYLOAD_QUALITY = 95


class Upright(Protocol):
    """What is known of a picture: a `Checked`, or a `core.model.Picture` out of the index."""

    @property
    def format(self) -> str: ...

    @property
    def note(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


@dataclass(frozen=True)
class Payload:
    """What is sent: the file's own bytes, or a copy made to fit (`altered`)."""

    data: bytes
    altered: bool


def readable_by(embedder: str) -> Limits:
    """The limits of an embedder that reads pictures with this package: none beyond reading."""
    return Limits(embedder, FORMATS, MAX_FILE_BYTES)


def payload(data: bytes, picture: Upright, limits: Limits) -> Payload:
    """The bytes to send: `data` itself wherever the embedder takes it, so that the vector is the
    one that anybody else gets; otherwise an upright JPEG or PNG that it takes. A file that is cut
    short is not sent as it is: a service may refuse it for that.

    Raises PictureError for a picture that cannot be brought within the limits.
    """
    if min(picture.width, picture.height) <= limits.above_side:
        raise PictureError(
            f"It is {picture.width} × {picture.height} pixels; {limits.embedder} takes only "
            f"pictures with both sides above {limits.above_side}."
        )
    if (
        picture.format in limits.formats
        and not is_cut_short(picture.note)
        and len(data) <= limits.max_bytes
        and max(picture.width, picture.height) < limits.below_side
        and picture.width * picture.height <= limits.max_pixels
    ):
        return Payload(data, altered=False)
    longest = min(limits.below_side - 1, _longest_side(picture, limits.max_pixels))
    for side in PAYLOAD_SIDES:
        small = decoded(data, int(min(side, longest)), flatten=False).image
        # Scaling must not push the short side of a ribbon below what the embedder takes.
        least = limits.above_side + 1
        wide = (max(small.width, least), max(small.height, least))
        if small.size != wide:
            small = small.resize(wide)
        encoded = png(small) if "A" in small.getbands() else jpeg(small, PAYLOAD_QUALITY)
        if len(encoded) <= limits.max_bytes:
            return Payload(encoded, altered=True)
    raise PictureError(f"It is too large for {limits.embedder}, and cannot be scaled down.")


def _longest_side(picture: Upright, max_pixels: float) -> float:
    """The longer side of the largest copy, of the same shape, that has at most so many pixels."""
    short, long = sorted((picture.width, picture.height))
    if short * long <= max_pixels:
        return math.inf
    side = int(math.sqrt(max_pixels * long / short))
    # Scaling may round the shorter side up.
    while side * math.ceil(side * short / long) > max_pixels:
        side -= 1
    return side
