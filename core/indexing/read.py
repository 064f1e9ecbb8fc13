"""One file on the disk -> its row in the index and, if it is new, its picture."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import PictureError
from core.index import Index
from core.model import Cause, FileRow, Picture, Unreadable
from core.pictures import (
    FORMATS,
    MAX_FILE_BYTES,
    READER_VERSION,
    check,
    kind_of,
    picture_id,
    signature,
)
from core.sources import Found, why_unreadable

log = logging.getLogger(__name__)

# What `kind_of` needs to see of a file.
HEAD_BYTES = 1024

# Kinds that `kind_of` knows and that nobody misses among pictures.
NO_PICTURES = frozenset(
    ("7-Zip", "AppleDouble", "AppleSingle", "HTML", "Ogg", "RAR", "SQLite", "ZIP", "gzip", "sound")
)

# Cameras' raw files that begin like any TIFF, whose small preview is all that a reader of TIFF
# finds in them. Source: the lists of supported cameras of LibRaw and ExifTool.
RAW_SUFFIXES = frozenset(
    ".3fr .arw .cr2 .dcr .dng .erf .fff .iiq .k25 .kdc .mef .mos .nef .nrw .pef .raw .rwl .sr2 "
    ".srf .srw".split()
)


@dataclass(frozen=True)
class Read:
    """A file that was read; `made` is its picture and thumbnail, None if they were known.

    signature: of a picture that was made, else empty.
    """

    file: FileRow
    made: tuple[Picture, bytes] | None
    signature: bytes = b""


def read_file(
    index: Index, found: Found, carry: Callable[[str, bytes], None]
) -> Read | Unreadable | None:
    """The file's row and, for bytes not seen before, its picture. None: it went away meanwhile.

    A file whose name is not that of a picture is told by its first bytes, and read only if they are
    a picture's. carry gets the id and the bytes of every picture that the index did not know.
    """
    try:
        if not found.named_as_picture:
            kind = _kind(found)
            if kind not in FORMATS:
                return _not_read(found, kind)
        if found.size > MAX_FILE_BYTES:
            return _refused(found, f"The file is larger than {MAX_FILE_BYTES // 2**20} MB.")
        data = found.absolute.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        # No size: what it takes to read it (a permission) changes neither size nor time.
        return Unreadable(found.path, why_unreadable(error))
    row = FileRow(found.path, picture_id(data), found.size, found.mtime_ns)
    if index.is_vetted(row.picture_id):
        return Read(row, None)
    try:
        checked = check(data, found.absolute.name, row.picture_id)
    except PictureError as error:
        kind = kind_of(data[:HEAD_BYTES])
        if kind and kind not in FORMATS and kind not in NO_PICTURES:
            return _refused(found, str(error), Cause.KIND, kind)
        return _refused(found, str(error))
    except Exception:  # one file must never end the scan of all others
        log.exception("A picture could not be checked")
        return _refused(
            found, "Something unexpected happened while it was read; the log has the details."
        )
    carry(row.picture_id, data)
    picture = Picture(
        id=checked.id,
        format=checked.format,
        width=checked.width,
        height=checked.height,
        bytes=len(data),
        note=checked.note,
    )
    return Read(row, (picture, checked.thumbnail), signature(checked.thumbnail))


def _kind(found: Found) -> str:
    """The kind of a file by its first bytes, "" for one that is not known. Raises OSError."""
    with found.absolute.open("rb") as file:
        kind = kind_of(file.read(HEAD_BYTES))
    suffix = found.absolute.suffix.lower()
    return suffix[1:].upper() if kind == "TIFF" and suffix in RAW_SUFFIXES else kind


def _not_read(found: Found, kind: str) -> Unreadable:
    if not kind or kind in NO_PICTURES:
        return _refused(found, "It is not a picture.", Cause.OTHER, kind)
    reason = f"Files of the kind {kind} are not read."
    if not kind.endswith("movie"):
        reason += " Save a copy as JPEG or PNG."
    return _refused(found, reason, Cause.KIND, kind)


def _refused(found: Found, reason: str, cause: Cause = Cause.REFUSED, kind: str = "") -> Unreadable:
    """What is said of a file for its content: it is not opened again while that stays."""
    return Unreadable(
        found.path, reason, found.size, found.mtime_ns, cause, kind, reader=READER_VERSION
    )
