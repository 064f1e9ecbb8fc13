"""What a camera has written into a picture's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import ExifTags, Image

from core.metadata.dates import DAY_FIRST, iso
from core.metadata.text import MOST_CHARACTERS, cleaned, shortened
from core.pictures import exif_of

DATE_TAKEN = "Date taken"
CAMERA = "Camera"
# Not "Place", which is a column of many lists: this one is private, and never exported.
PLACE = "GPS position"

OWN_COLUMNS = (DATE_TAKEN, CAMERA, PLACE)

# The oldest photograph that is left is of about this year; a camera whose clock was never set, or
# a program that knew no date, writes the year 0 or 1.
OLDEST_PHOTOGRAPH = 1826


def picture_facts(data: bytes, places: bool) -> dict[str, str]:
    """Date taken, camera and, only if `places`, place, as far as the file's EXIF says them.

    data: the whole file of a picture. Never raises for what is damaged or no picture.
    """
    exif = exif_of(data)
    readers: dict[str, Callable[[Image.Exif], str]] = {DATE_TAKEN: _date, CAMERA: _camera}
    if places:
        readers[PLACE] = _place
    facts = {}
    for name, read in readers.items():
        try:
            text = read(exif)
        except Exception:  # Pillow raises almost anything on hostile EXIF; the other facts stay.
            continue
        if text:
            facts[name] = shortened(text, MOST_CHARACTERS)
    return facts


def _date(exif: Image.Exif) -> str:
    """The day on which it was taken or scanned, or else the file's: scanners write no other."""
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    for value in (
        inner.get(ExifTags.Base.DateTimeOriginal),
        inner.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    ):
        day = DAY_FIRST(_text(value))
        if day is not None and (shown := iso(day)) >= str(OLDEST_PHOTOGRAPH):
            return shown
    return ""


def _camera(exif: Image.Exif) -> str:
    make, model = _text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model))
    # "NIKON CORPORATION" has models as "NIKON D90".
    brand = make.split()[0].casefold() if make else ""
    return model if model.casefold().startswith(brand) and model else f"{make} {model}".strip()


def _place(exif: Image.Exif) -> str:
    """Latitude and longitude in degrees, to about ten metres."""
    inner = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(inner[ExifTags.GPS.GPSLatitude], inner[ExifTags.GPS.GPSLatitudeRef])
    longitude = _degrees(inner[ExifTags.GPS.GPSLongitude], inner[ExifTags.GPS.GPSLongitudeRef])
    known = abs(latitude) <= 90 and abs(longitude) <= 180  # False for what is not a number
    # Cameras that did not find themselves write zeros.
    return f"{latitude:.4f}, {longitude:.4f}" if known and (latitude or longitude) else ""


def _degrees(parts: Any, reference: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    size = degrees + minutes / 60 + seconds / 3600
    return -size if _text(reference).upper() in ("S", "W") else size


def _text(value: object) -> str:
    return cleaned(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    )
