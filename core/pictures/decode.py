"""Bytes -> an upright picture of a bounded size, in bounded memory."""

from __future__ import annotations

import contextlib
import io
import math
import struct
import threading
import warnings

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from core.errors import PictureError
from core.pictures.formats import DAMAGED, DRAFTED, READERS, not_a_picture

# A file is held in memory while it is checked. The largest that still leaves room for its pixels
# (MAX_DECODED) and the app on a host with 690 MB.
MAX_FILE_BYTES = 134_217_728

# What decoding one picture may take, in bytes: 100 million pixels of four bytes, which with the
# file and the app stays under 690 MB.
MAX_DECODED = 400_000_000
# Pictures that take more than this are decoded one at a time, whoever asks for them.
LARGE = 100_000_000
_one_large = threading.Lock()

# Bytes in which Pillow stores one pixel, by mode; four for all others.
BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
# libwebp's animation decoder holds two RGBA canvases, and Pillow two copies of one.
BYTES_PER_WEBP_PIXEL = 16

# A progressive JPEG walks all its blocks once for each scan, and a scan may be a few bytes long.
# libjpeg-turbo's own fuzzers stop at 500; ordinary files have about ten.
MAX_SCANS = 500

# Pixels that are converted at once where a mode has to be: a few megabytes at a time.
BAND_PIXELS = 1 << 20

# Colour profiles above this are print profiles; in a 320 px thumbnail they would be most of it.
MAX_PROFILE_BYTES = 4096

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Modes that are scaled as they are.
SCALABLE = ("L", "RGB", "CMYK", "YCbCr", "LAB", "HSV")

# Start-of-frame segments of a JPEG.
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

TOO_MANY_PIXELS = "It has more pixels than can be opened safely; scale it down."

# Pillow warns about damaged metadata and icons of odd sizes. Neither concerns the pixels, and the
# limits on size are checked here, by bytes of memory.
warnings.filterwarnings("ignore", module=r"PIL\.")


def open_picture(data: bytes) -> Image.Image:
    """The picture with its header read and its limits checked, nothing decoded yet."""
    if not data:
        raise PictureError("The file is empty.")
    if len(data) > MAX_FILE_BYTES:
        raise PictureError(
            f"The file is {len(data) / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB can be "
            "read."
        )
    if data.startswith(b"\0\0\1\0"):
        _check_icon(data)
    try:
        image = Image.open(io.BytesIO(data), formats=READERS)
    except Image.DecompressionBombError:
        raise PictureError(TOO_MANY_PIXELS) from None
    except UnidentifiedImageError:
        raise PictureError(not_a_picture(data)) from None
    except MemoryError:
        raise PictureError("There is not enough memory to open it.") from None
    except Exception as error:  # Pillow's readers raise almost anything on hostile bytes.
        raise PictureError(DAMAGED) from error
    several_scans = image.format in DRAFTED and _coefficient_bytes(data) > 0
    if several_scans and data.count(b"\xff\xda") > MAX_SCANS:
        raise PictureError("It is a JPEG made to take very long to open.")
    return image


def scaled(
    image: Image.Image, data: bytes, side: int, *, flatten: bool = True
) -> tuple[Image.Image, bool]:
    """The decoded picture, upright, no side above `side`, and whether it was turned by 90 degrees.

    Mode L or RGB, with flatten=False also RGBA. Scaling comes first: a JPEG is decoded at a
    fraction of its size, and turning a small picture costs nothing (63 against 333 ms at 12 MP).
    """
    width, height = image.size
    if image.format in DRAFTED:
        # `thumbnail` would do it for a square, which leaves a panorama at its full size.
        share = 2 * side / max(width, height)
        image.draft(None, (math.ceil(width * share), math.ceil(height * share)))
    needed = _memory_needed(image, data)
    if needed > MAX_DECODED:
        raise PictureError(TOO_MANY_PIXELS)
    with _one_large if needed > LARGE else contextlib.nullcontext():
        return _decoded(image, side, flatten)


def _decoded(image: Image.Image, side: int, flatten: bool) -> tuple[Image.Image, bool]:
    try:
        colours = image.mode in (
            "RGB",
            "RGBA",
            "P",
        )  # a profile of CMYK or grey says nothing of RGB
        profile = image.info.get("icc_profile") if colours else None
        if image.format not in DRAFTED:
            image.load()
        orientation = _orientation(image)  # after load: TIFF turns itself, PNG may say so last
        if image.mode not in SCALABLE:
            image = _reduced(image, side)
        image.thumbnail((side, side))
        image.load()
        if orientation in TURNS:
            image = image.transpose(TURNS[orientation])
        image = _plain(image, flatten)
    except MemoryError:
        raise PictureError("There is not enough memory to open it.") from None
    except Exception as error:  # as in _open
        raise PictureError(DAMAGED) from error
    image.info = {}
    if isinstance(profile, bytes) and len(profile) <= MAX_PROFILE_BYTES:
        image.info["icc_profile"] = profile
    return image, orientation >= 5


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing or the EXIF is damaged."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # metadata never decides whether a picture can be used
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """Palette, deep and transparent pictures in a mode that can be scaled smoothly, made smaller
    by a whole number where the rest is left to `thumbnail`.

    In bands of rows: converted whole, a picture would be in memory two or three times.
    """
    ends = _black_and_white(image) if image.mode in ("I", "F") else (0.0, 255.0)
    factor = max(1, max(image.size) // (2 * side))
    rows = factor * max(1, BAND_PIXELS // (factor * image.width))
    reduced: Image.Image | None = None
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        small = _eight_bit(band, ends).reduce(factor)
        if reduced is None:
            reduced = Image.new(small.mode, (-(-image.width // factor), -(-image.height // factor)))
        reduced.paste(small, (0, top // factor))
    assert reduced is not None
    return reduced


def _black_and_white(image: Image.Image) -> tuple[float, float]:
    """The darkest and the lightest value of a picture in mode I or F.

    Measurements, masks and float exposures have no fixed white, so that they are stretched.
    """
    lows, highs = [], []
    rows = max(1, BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        band = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        numbers = band[np.isfinite(band)]
        if numbers.size:
            lows.append(float(numbers.min()))
            highs.append(float(numbers.max()))
    return min(lows, default=0.0), max(highs, default=0.0)


def _eight_bit(image: Image.Image, ends: tuple[float, float]) -> Image.Image:
    """Mode L, RGB, LA or RGBA. ends: what becomes black and white in mode I or F."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode.startswith("I;16"):
        # Pillow's own convert clips at 255 instead of scaling.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        black, white = ends
        values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=black)
        scaled = (values.clip(black, white) - black) * (255.0 / max(white - black, 1e-30))
        return Image.fromarray(scaled.astype(np.uint8))
    if image.mode in ("LA", "RGBA"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _plain(image: Image.Image, flatten: bool) -> Image.Image:
    """Mode L, RGB or, with flatten=False, RGBA; otherwise transparency lies on white."""
    if image.mode in ("LA", "PA") or image.has_transparency_data:
        image = image.convert("RGBA")
        if not flatten:
            return image
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _memory_needed(image: Image.Image, data: bytes) -> int:
    """Bytes that decoding takes, an upper bound (measured: 0.95 of it)."""
    width, height = image.size
    if image.format == "WEBP":
        needed = width * height * BYTES_PER_WEBP_PIXEL
    else:
        needed = width * height * BYTES_PER_PIXEL.get(image.mode, 4)
    if image.format == "TIFF" and _orientation(image) != 1:
        needed *= 2  # Pillow turns a TIFF at its full size
    if image.format in DRAFTED:
        needed += _coefficient_bytes(data)
    return needed


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


def _check_icon(data: bytes) -> None:
    """Refuse an icon whose pictures are larger than can be opened.

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
        if width * height * 4 > MAX_DECODED:
            raise PictureError(TOO_MANY_PIXELS)
