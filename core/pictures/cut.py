"""Pictures whose file ends too early: what there is of them, and how much is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from core.errors import PictureError
from core.pictures.formats import DAMAGED, DRAFTED
from core.pictures.memory import has_several_scans

# A picture that lacks more than this share of its lines is not the picture any more.
MOST_MISSING = 0.1
# With next to nothing there, the file says something else about itself than what it holds.
NOTHING_THERE = 0.99

END_OF_JPEG = b"\xff\xd9"
START_OF_SCAN = 0xDA
# What libjpeg paints where the file has no more to say, of 255 and as far off as colours round.
GREY, ROUNDING = 128, 1

# How the note on a picture that was taken begins.
CUT_SHORT = "Cut short:"

Open = Callable[[bytes], Image.Image]


def padded(data: bytes, kind: str) -> tuple[bytes, float | None]:
    """A file that says how long it is and is shorter -> with zeros in place of what is missing,
    which its decoder goes on through, and the share that is missing. Any other as it is, and None.

    Raises PictureError if too much is missing.
    """
    whole = len(data)
    if kind == "WEBP":
        whole = 8 + int.from_bytes(data[4:8], "little")
    elif kind in ("HEIC", "AVIF"):
        whole = _end_of_boxes(data)
    if whole <= len(data):
        return data, None
    missing = 1 - len(data) / whole
    check_missing(missing)
    whole_file = data + bytes(whole - len(data))
    # Writers that count a byte too many are not rare: lengths have to be even.
    return whole_file, missing if whole - len(data) > 1 else None


def rescued(image: Image.Image, data: bytes, reopen: Open) -> tuple[Image.Image, float]:
    """What there is of a picture that could not be decoded whole -> it, decoded, and the share of
    it that is missing, from 0 to MOST_MISSING.

    image: one whose `load` has failed, with what it decoded by then. reopen: opens bytes as `image`
    was opened. Raises PictureError if too much is missing, or nothing can be said.
    """
    if image.format in DRAFTED:
        image, missing = _jpeg(data, reopen)
    else:
        missing = _undecoded(image, reopen(data))
    check_missing(missing)
    return image, missing


def jpeg_has_end(data: bytes) -> bool:
    """True if the pixels of a JPEG have an end. Without one most decoders refuse it, even where
    nothing else is missing. Only the end itself looks so: bytes like it are stored differently.
    """
    at = 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        if data[at + 1] == START_OF_SCAN:
            return data.rfind(END_OF_JPEG, at) >= 0
        filled = data[at + 1] == 0xFF
        at += 1 if filled else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return True  # no JPEG that begins as one should: its decoder may say what it is


def check_missing(missing: float | None, at_most: float = MOST_MISSING) -> None:
    """Raise PictureError if more than `at_most`, a share from 0 to 1, is missing."""
    if missing is None or missing <= at_most:
        return
    if missing > NOTHING_THERE:
        raise PictureError(DAMAGED)
    raise PictureError(f"It is cut short: {_what(missing)} missing. Copy the file again.")


def note_on_missing(missing: float) -> str:
    """A sentence for a picture that was taken although this share of it is missing."""
    if missing == 0:
        return f"{CUT_SHORT} nothing that shows is missing."
    return f"{CUT_SHORT} {_what(missing)} missing."


def is_cut_short(note: str) -> bool:
    """True if a picture's note, in which the index keeps it, says that its file ends too early."""
    return note.startswith(CUT_SHORT)


def _what(missing: float) -> str:
    percent = round(100 * missing)
    return f"the last {percent} % are" if percent else "less than 1 % is"


def _jpeg(data: bytes, reopen: Open) -> tuple[Image.Image, float]:
    """With the end put in its place, libjpeg decodes what there is and paints the rest grey."""
    image = reopen(data + END_OF_JPEG)
    image.load()
    if has_several_scans(data):
        return image, _missing_of_scans(data)
    pixels = np.asarray(image)
    near: npt.NDArray[np.bool_] = np.logical_and(
        pixels >= GREY - ROUNDING, pixels <= GREY + ROUNDING
    )
    grey: npt.NDArray[np.bool_] = near if near.ndim == 2 else np.all(near, axis=2)
    # From the last line up, for as long as lines end in grey.
    ends = np.where(grey.all(axis=1), grey.shape[1], (~grey[:, ::-1]).argmax(axis=1))[::-1]
    until = int((ends == 0).argmax()) if (ends == 0).any() else len(ends)
    return image, float(ends[:until].sum()) / grey.size


def _undecoded(image: Image.Image, other: Image.Image) -> float:
    """The share of the pixels that decoding did not reach.

    image: one whose decoding stopped; it keeps what it has. other: the same, still to be decoded.
    On another ground than black it differs from `image` where the file says nothing.
    """
    if not isinstance(image, ImageFile.ImageFile) or not isinstance(other, ImageFile.ImageFile):
        raise PictureError(DAMAGED)
    box = _decoded_box(image)
    prepare = other.load_prepare

    def prepare_on_white() -> None:
        prepare()
        other.im.paste(_white(other.im.mode), (0, 0, *other.im.size))

    other.load_prepare = prepare_on_white  # type: ignore[method-assign]
    with contextlib.suppress(Exception):  # it fails as `image` did
        other.load()
    image.tile, other.tile = [], []  # nothing more is to be decoded
    one, two = (np.asarray(half.crop(box)) for half in (image, other))
    differs = one != two
    return float((differs if differs.ndim == 2 else differs.any(axis=2)).mean())


def _decoded_box(image: ImageFile.ImageFile) -> tuple[int, int, int, int]:
    """What the file fills of the picture: the first frame of a GIF may be smaller than it."""
    boxes = [tile[1] for tile in image.tile if tile[1]]
    if len(boxes) == 1:
        return boxes[0]
    return 0, 0, *image.size


def _white(mode: str) -> float | tuple[int, ...]:
    if mode == "F":
        return 1.0
    bands = Image.getmodebands(mode)
    return (255,) * bands if bands > 1 else 255


def _end_of_boxes(data: bytes) -> int:
    """Where the last box of an ISO base media file ends, by its own word (ISO/IEC 14496-12)."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # zero: up to the end of the file
            return len(data)
        at += size
    return at


def _missing_of_scans(data: bytes) -> float:
    """0 if every part of every colour is there and only the last scan is cut; 1 otherwise.

    A JPEG of several scans goes over the whole picture in each: for one colour after the other, or,
    as a progressive one, for all of them finer each time (ITU-T T.81, section G.1).
    """
    finest: dict[int, list[int]] = {}
    at = 2
    while (at := data.find(b"\xff\xda", at)) >= 0:
        count = data[at + 4] if at + 4 < len(data) else 0
        body = data[at + 5 : at + 8 + 2 * count]
        if len(body) < 2 * count + 3:
            break
        first, last, low = body[2 * count], body[2 * count + 1], body[2 * count + 2] & 15
        for colour in body[0 : 2 * count : 2]:
            bits = finest.setdefault(colour, [16] * 64)
            bits[first : last + 1] = [low] * (min(last, 63) + 1 - first)
        at += 2
    return 0.0 if finest and all(not any(bits) for bits in finest.values()) else 1.0
