"""A PNG file without the parts that its pixels do not need."""

from __future__ import annotations

import struct
import zlib

from core.errors import PictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Parts that say how the picture looks, or that it moves. All others are text, time stamps and what
# programs keep for themselves: a faulty one must not matter, and a megabyte of compressed text must
# not be unpacked. Parts without which there is no picture begin with a capital letter.
# Source: PNG specification (third edition), sections 5.3 and 11.
NEEDED = (b"tRNS", b"iCCP", b"sRGB", b"eXIf", b"acTL", b"fcTL", b"fdAT")

# Pillow unpacks a colour profile up to this size and refuses the file beyond it.
MAX_PROFILE = 1 << 20

# A file is cut into parts of a few kilobytes by every known writer. Millions of empty ones take
# minutes to walk over.
MAX_PARTS = 200_000


def needed_parts(data: bytes) -> bytes:
    """The same PNG without parts that are not needed or whose checksum is wrong.

    Returns `data` itself where nothing has to go. What is needed for any picture at all is left as
    it is, damaged or not: the decoder says so. A file that is cut short stays so. Raises
    PictureError for one that is made to take very long.
    """
    view = memoryview(data)
    kept: list[memoryview] = []
    start = at = len(SIGNATURE)
    for _ in range(MAX_PARTS):
        if at + 12 > len(data):
            break
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        optional = bool(name[0] & 0x20)
        if optional and not (name in NEEDED and _is_sound(view[at:end], name)):
            kept.append(view[start:at])
            start = end
        at = end
        if name == b"IEND":
            break
    else:
        raise PictureError("It is a PNG made to take very long to open.")
    if not kept:
        return data
    return b"".join([SIGNATURE, *kept, view[start:]])


def _is_sound(part: memoryview, name: bytes) -> bool:
    """True for a whole part with the right checksum, and a colour profile of a usable size."""
    body = part[4:-4]
    if zlib.crc32(body) != int.from_bytes(part[-4:], "big"):
        return False
    if name != b"iCCP":
        return True
    packed = bytes(body[4:]).partition(b"\0")[2]
    if packed[:1] != b"\0":  # the only way of packing that there is
        return False
    try:
        return len(zlib.decompressobj().decompress(packed[1:], MAX_PROFILE + 1)) <= MAX_PROFILE
    except zlib.error:
        return False
