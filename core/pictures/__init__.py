"""Pictures: bytes in, a checked and upright picture out. No name, path or service is known here."""

from core.pictures.atlas import Grid, atlas_sheet, grid_for
from core.pictures.checking import (
    THUMBNAIL_SIDE,
    Checked,
    check,
    display,
    picture_id,
    pixels,
    stored_size,
)
from core.pictures.exif import exif_of
from core.pictures.formats import EXTENSIONS, FORMATS, SUFFIXES_BY_FORMAT
from core.pictures.kinds import kind_of
from core.pictures.opening import MAX_FILE_BYTES
from core.pictures.region import cut_out
from core.pictures.sending import Payload, payload, readable_by
from core.pictures.signature import COLOUR_SIDE, LIGHT_SIDE, SIGNATURE_BYTES, signature
from core.pictures.version import READER_VERSION

__all__ = [
    "COLOUR_SIDE",
    "EXTENSIONS",
    "FORMATS",
    "LIGHT_SIDE",
    "MAX_FILE_BYTES",
    "READER_VERSION",
    "SIGNATURE_BYTES",
    "SUFFIXES_BY_FORMAT",
    "THUMBNAIL_SIDE",
    "Checked",
    "Grid",
    "Payload",
    "atlas_sheet",
    "check",
    "cut_out",
    "display",
    "exif_of",
    "grid_for",
    "kind_of",
    "payload",
    "picture_id",
    "pixels",
    "readable_by",
    "signature",
    "stored_size",
]
