"""Whole files whose pixels are laid out in a way that is not decoded: what to call them."""

from __future__ import annotations

import io

from PIL import TiffImagePlugin

from core.pictures.kinds import kind_of
from core.pictures.memory import FRAME_MARKERS

# Tags of a TIFF. Source: TIFF 6.0, sections 8, 15 and 19; compressions by libtiff's tiff.h.
WIDTH, BITS, COMPRESSION, PHOTOMETRIC, STRIPS = 256, 258, 259, 262, 273
SAMPLES, TILES, EXTRA_SAMPLES, SAMPLE_FORMAT = 277, 324, 338, 339
COMPRESSIONS = {
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
SAMPLE_FORMATS = {2: "signed ", 3: "float ", 5: "complex ", 6: "complex "}

# Frames of a JPEG that no common program writes, by their marker. Source: ITU-T T.81, table B.1.
LOSSLESS_FRAMES = (0xC3, 0xC7, 0xCB, 0xCF)
HIERARCHICAL_FRAMES = (0xC5, 0xC6, 0xCD, 0xCE)


def unusual_layout(data: bytes) -> str:
    """A sentence on a file that could not be opened though it may be whole, or "".

    data: a file that no reader opened. Says nothing of one that looks damaged.
    """
    layout = ""
    kind = kind_of(data)
    if kind == "TIFF":
        layout = _tiff_layout(data)
    elif kind == "JPEG":
        layout = _jpeg_layout(data)
    advice = "without compression" if "compressed" in layout else "as 8 bits"
    return f"A {layout} is not read; save it {advice}." if layout else ""


def _tiff_layout(data: bytes) -> str:
    """E.g. "TIFF of 32-bit float colours"; "" where the tags lead nowhere."""
    try:
        file = io.BytesIO(data)
        header = file.read(16 if data[2:4] in (b"+\0", b"\0+") else 8)
        tags = TiffImagePlugin.ImageFileDirectory_v2(header)
        file.seek(tags.next)
        tags.load(file)
        width, bits, samples = tags[WIDTH], tags.get(BITS, (1,)), tags.get(SAMPLES, 1)
        pixels = tags.get(STRIPS) or tags.get(TILES) or ()
        sample_format = tags.get(SAMPLE_FORMAT, (1,))[0]
    except Exception:  # damaged tags raise almost anything
        return ""
    if not width or not pixels or min(pixels) >= len(data) or len(bits) not in (1, samples):
        return ""
    compression = COMPRESSIONS.get(tags.get(COMPRESSION, 1))
    if compression:
        return f"TIFF compressed by {compression}"
    depth = "mixed" if len(set(bits)) > 1 else f"{bits[0]}-bit"
    extra = len(tags.get(EXTRA_SAMPLES, ()))
    shown = samples - extra
    if shown == 1:
        what = "grey with alpha" if extra else "grey"
    elif tags.get(PHOTOMETRIC, 1) in (0, 1):
        what = f"values in {samples} bands"
    else:
        what = "colours with alpha" if extra else "colours"
        what += f" in {samples} bands" if samples > 4 else ""
    return f"TIFF of {depth} {SAMPLE_FORMATS.get(sample_format, '')}{what}"


def _jpeg_layout(data: bytes) -> str:
    """E.g. "JPEG of 12 bits a colour"; "" for an ordinary or a damaged one."""
    at = 2
    while at + 5 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in LOSSLESS_FRAMES:
            return "lossless JPEG"
        if marker in HIERARCHICAL_FRAMES:
            return "hierarchical JPEG"
        if marker in FRAME_MARKERS:
            return f"JPEG of {data[at + 4]} bits a colour" if data[at + 4] in (12, 16) else ""
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return ""
