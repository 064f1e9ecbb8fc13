"""How much memory it takes to decode a picture, known before it is decoded."""

from __future__ import annotations

import struct

from PIL import Image

from core.errors import PictureError
from core.pictures.formats import DRAFTED
from core.pictures.orientation import exif_orientation

# What decoding one picture may take, in bytes: 100 million pixels of four bytes, which with the
# file and the app stays under 690 MB.
MAX_DECODED = 400_000_000

# Bytes in which Pillow stores one pixel, by mode; four for all others.
BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
# What these decoders hold with Pillow's own copy, in bytes for a pixel. libwebp's animation decoder
# holds two RGBA canvases, and Pillow two copies of one. libheif and libavif hold the coded planes,
# the converted picture and a copy of that (measured: 7.3 and 9.2 with 8 bits and halved colours;
# planes of more bits take twice as much).
BYTES_PER_CODED_PIXEL = {"WEBP": 16, "HEIC": 8, "AVIF": 16}
BYTES_PER_DEEP_HEIC_PIXEL = 16

# A progressive JPEG walks all its blocks once for each scan, and a scan may be a few bytes long.
# libjpeg-turbo's own fuzzers stop at 500; ordinary files have about ten.
MAX_SCANS = 500

# Start-of-frame segments of a JPEG.
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

TOO_MANY_PIXELS = "It has more pixels than can be opened safely; scale it down."


def memory_needed(image: Image.Image, data: bytes) -> int:
    """Bytes that decoding takes, an upper bound (measured: 0.95 of it).

    image: opened and not decoded, with the fraction that it will be decoded at already set.
    """
    pixels = image.width * image.height
    each = BYTES_PER_CODED_PIXEL.get(str(image.format), BYTES_PER_PIXEL.get(image.mode, 4))
    if image.format == "HEIC" and image.info.get("bit_depth", 8) > 8:
        each = BYTES_PER_DEEP_HEIC_PIXEL
    needed = pixels * each
    if image.format == "TIFF" and exif_orientation(image) != 1:
        needed *= 2  # Pillow turns a TIFF at its full size
    if image.format in DRAFTED:
        needed += _coefficient_bytes(data)
    return needed


def check_memory(needed: int) -> None:
    """Raise PictureError if decoding would take more than MAX_DECODED bytes."""
    if needed > MAX_DECODED:
        raise PictureError(TOO_MANY_PIXELS)


def check_scans(data: bytes) -> None:
    """Refuse a JPEG of so many scans that decoding it takes minutes. Raises PictureError."""
    if has_several_scans(data) and data.count(b"\xff\xda") > MAX_SCANS:
        raise PictureError("It is a JPEG made to take very long to open.")


def has_several_scans(data: bytes) -> bool:
    """True for a JPEG that goes over the whole picture more than once, as progressive ones do."""
    return _coefficient_bytes(data) > 0


def check_icon(data: bytes) -> None:
    """Refuse an icon whose pictures are larger than can be opened. Raises PictureError.

    Pillow decodes an icon while opening it, by the size that is written inside, which need not
    be the one (at most 256) in the icon's directory.
    """
    for at in range(6, min(6 + 16 * int.from_bytes(data[4:6], "little"), len(data)), 16):
        start = int.from_bytes(data[at + 12 : at + 16], "little")
        head = data[start : start + 24]
        if len(head) < 24:
            continue
        if head.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", head[16:24])
        elif head.startswith(struct.pack("<I", 12)):  # the header of OS/2
            width, height = struct.unpack("<HH", head[4:8])
        else:
            width, height = map(abs, struct.unpack("<ii", head[4:12]))
        check_memory(width * height * 4)


def _coefficient_bytes(data: bytes) -> int:
    """What a JPEG decoder holds besides the rows it returns.

    A sequential file in one scan is decoded row by row. Any other, progressive ones above all, is
    held whole: two bytes for each sample of each colour.
    """
    at, sequential, samples, colours = 2, False, 0.0, 0
    while at + 4 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        body = data[at + 4 : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
        if marker in FRAME_MARKERS and len(body) >= 6 + 3 * body[5]:
            height, width, colours = struct.unpack(">HHB", body[1:6])
            ratios = [(byte >> 4) * (byte & 15) for byte in body[7 : 6 + 3 * colours : 3]]
            samples = width * height * sum(ratios) / max([*ratios, 1])
            sequential = marker in (0xC0, 0xC1)
        if marker == 0xDA:
            return 0 if sequential and body[:1] == bytes([colours]) else int(2 * samples)
        at += 4 + len(body)
    return int(2 * samples)
