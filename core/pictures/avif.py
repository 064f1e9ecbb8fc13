"""How large the pictures coded in an AVIF really are.

The size in an AVIF's header need not be the size of what is coded in it, and the decoder makes room
for the latter before it compares the two: a file of a few kilobytes can ask for gigabytes.
Sources: ISO/IEC 14496-12 (iloc, stco, co64) and the AV1 bitstream specification, sections 4.10.5
(leb128), 5.3 and 5.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

SEQUENCE_HEADER = 1
# The header comes first, behind a delimiter at most; more before it is no file that plays.
MOST_UNITS = 16
# A gallery of pictures in one file has dozens.
MOST_ITEMS = 4096


def largest_coded_size(data: bytes) -> tuple[int, int]:
    """The largest width and the largest height that any coded picture announces, in pixels.

    (0, 0) where nothing was found. Pictures of a size of their own behind the first of an
    animation are not looked for, as only the first is decoded.
    """
    sizes = [(0, 0)]
    for coded in _coded_pictures(data):
        sizes += [size for size in (_announced_size(coded),) if size]
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def _coded_pictures(data: bytes) -> Iterator[bytes]:
    """The beginning of every coded picture. Boxes are found by name: one too many does no harm."""
    at = -1
    while (at := data.find(b"iloc", at + 1)) >= 0:
        try:
            yield from _items(data, at + 4)
        except (struct.error, IndexError):  # no such box, or a damaged one
            continue
    for name, number in ((b"stco", ">I"), (b"co64", ">Q")):
        at = -1
        while (at := data.find(name, at + 1)) >= 0:
            count = min(int.from_bytes(data[at + 8 : at + 12], "big"), MOST_ITEMS)
            table = data[at + 12 : at + 12 + count * struct.calcsize(number)]
            for (start,) in struct.iter_unpack(number, table[: len(table) // 8 * 8]):
                yield data[start : start + 4096]


def _items(data: bytes, at: int) -> Iterator[bytes]:
    """The first bytes of each item that an iloc box lists; `at` is where its content begins."""
    version = data[at]
    offset_size, length_size = data[at + 4] >> 4, data[at + 4] & 15
    base_size, index_size = data[at + 5] >> 4, data[at + 5] & 15 if version else 0
    id_size = 4 if version == 2 else 2
    at += 6

    def number(size: int) -> int:
        nonlocal at
        if at + size > len(data):
            raise IndexError
        at += size
        return int.from_bytes(data[at - size : at], "big")

    idat = data.find(b"idat") + 4
    for _ in range(min(number(id_size), MOST_ITEMS)):
        number(id_size)
        in_idat = version > 0 and number(2) & 15 == 1
        number(2)
        base = number(base_size) + (idat if in_idat else 0)
        coded = b""
        for _ in range(number(2)):
            number(index_size)
            start = base + number(offset_size)
            length = number(length_size) or len(data)
            if len(coded) < 4096:
                coded += data[start : start + min(length, 4096)]
        yield coded


def _announced_size(coded: bytes) -> tuple[int, int] | None:
    """Width and height in the sequence header of a coded picture."""
    at = 0
    for _ in range(MOST_UNITS):
        if at + 2 > len(coded):
            return None
        head = coded[at]
        at += 2 if head & 4 else 1  # one byte more for layers
        length = len(coded) - at
        if head & 2:
            length, shift = 0, 0
            while at < len(coded) and shift < 56:
                byte = coded[at]
                length |= (byte & 127) << shift
                at, shift = at + 1, shift + 7
                if byte < 128:
                    break
        if head >> 3 & 15 == SEQUENCE_HEADER:
            return _size_in_header(coded[at : at + min(length, 1024)])
        at += length
    return None


def _size_in_header(header: bytes) -> tuple[int, int]:
    bits, at = int.from_bytes(header, "big"), 8 * len(header)

    def read(count: int) -> int:
        nonlocal at
        at = max(at - count, 0)
        return bits >> at & (1 << count) - 1

    def skip_unary_number() -> None:
        zeros = 0
        while at and not read(1):
            zeros += 1
        read(min(zeros, 32))

    read(4)  # profile, still_picture
    if read(1):  # reduced_still_picture_header
        read(5)
    else:
        decoder_model, delay_size = 0, 0
        if read(1):  # timing_info
            read(64)
            if read(1):  # equal_picture_interval
                skip_unary_number()
            decoder_model = read(1)
            if decoder_model:
                delay_size = read(5) + 1
                read(42)
        initial_delays = read(1)
        for _ in range(read(5) + 1):  # operating points
            read(12)
            if read(5) > 7:
                read(1)
            if decoder_model and read(1):
                read(2 * delay_size + 1)
            if initial_delays and read(1):
                read(4)
    width_size, height_size = read(4) + 1, read(4) + 1
    return read(width_size) + 1, read(height_size) + 1
