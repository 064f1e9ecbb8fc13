"""Bytes -> a picture with its header read and its limits checked, nothing decoded yet."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image

from core.errors import PictureError
from core.pictures.avif import largest_coded_size
from core.pictures.cut import padded
from core.pictures.formats import DAMAGED, DRAFTED, READERS, not_read
from core.pictures.kinds import kind_of
from core.pictures.layouts import unusual_layout
from core.pictures.memory import (
    BYTES_PER_CODED_PIXEL,
    TOO_MANY_PIXELS,
    check_icon,
    check_memory,
    check_scans,
)
from core.pictures.png import needed_parts

# A file is held in memory while it is checked. The largest that still leaves room for its pixels
# (MAX_DECODED) and the app on a host with 690 MB.
MAX_FILE_BYTES = 134_217_728

# Pillow warns about damaged metadata and icons of odd sizes. Neither concerns the pixels, and the
# limits on size are checked here, by bytes of memory.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True)
class Opened:
    """image: not decoded yet. missing: the share that its file says it lacks; None if it does not
    say so.
    """

    image: Image.Image
    missing: float | None


def open_picture(data: bytes) -> Opened:
    """The picture of a file. Raises PictureError for what is not read, or not with safety."""
    if not data:
        raise PictureError("The file is empty.")
    if len(data) > MAX_FILE_BYTES:
        raise PictureError(
            f"The file is {len(data) / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB can be "
            "read."
        )
    kind = kind_of(data)
    if kind not in READERS and kind != "HEIC":
        raise PictureError(not_read(data))
    if kind == "ICO":
        check_icon(data)
    if kind == "AVIF":
        width, height = largest_coded_size(data)
        check_memory(width * height * BYTES_PER_CODED_PIXEL[kind])
    useful, missing = padded(data, kind)
    try:
        if kind == "HEIC":
            image = _open_heic(useful)
        else:
            if kind == "PNG":
                useful = needed_parts(data)
            image = Image.open(io.BytesIO(useful), formats=(kind,))
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(TOO_MANY_PIXELS) from None
    except MemoryError:
        raise PictureError("There is not enough memory to open it.") from None
    except Exception as error:  # Pillow's readers raise almost anything on hostile bytes.
        raise PictureError(unusual_layout(data) or DAMAGED) from error
    if min(image.size) < 1:
        raise PictureError(DAMAGED)
    if image.format in DRAFTED:
        check_scans(data)
    return Opened(image, missing)


def _open_heic(data: bytes) -> Image.Image:
    """Its reader is imported with the first HEIC: the start of the app does not wait for it."""
    try:
        from core.pictures.heic import HeicImageFile
    except ImportError as error:
        raise PictureError(
            "It is a HEIC file, which needs the package pi-heif: pip install -r requirements.txt."
        ) from error
    return HeicImageFile(io.BytesIO(data))
