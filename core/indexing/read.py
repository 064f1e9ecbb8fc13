"""One file on the disk or of a source -> its row in the index and, if it is new, its picture."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import PurePath

from core.deadline import Deadline
from core.errors import LinkError, LinkUnavailable, PictureError
from core.index import Index
from core.metadata import OWN_COLUMNS
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
from core.sources import Found, RemoteFile, about_its_file, why_unreadable

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


NOBODY_ELSE = nullcontext()


@dataclass(frozen=True)
class Read:
    """A file that was read; `made` is its picture and thumbnail, None if they were known.

    told: what its bytes say of it: a text for each of OWN_COLUMNS, empty for nothing. signature: of
    a picture that was made, else empty.
    """

    file: FileRow
    made: tuple[Picture, bytes] | None
    told: Mapping[str, str]
    signature: bytes = b""


def read_file(
    index: Index,
    found: Found | RemoteFile,
    carry: Callable[[str, bytes], None],
    told: Callable[[bytes], Mapping[str, str]],
    deadline: Deadline,
    decoding: AbstractContextManager[object] = NOBODY_ELSE,
) -> Read | Unreadable | None:
    """The file's row and, for bytes not seen before, its picture. None: it went away meanwhile.

    A file whose name is not that of a picture is told by its first bytes, and read only if they are
    a picture's. carry gets the id and the bytes of every picture that the index did not know.
    told: gets the bytes, and gives what they say of the picture.
    decoding: held while the bytes are decoded, so that many may fetch and few decode. Raises
    Cancelled.
    """
    try:
        if not found.named_as_picture:
            kind = _kind(found)
            if kind not in FORMATS:
                return _not_read(found, kind)
        if found.size > MAX_FILE_BYTES:
            return _refused(found, f"The file is larger than {MAX_FILE_BYTES // 2**20} MB.")
        data = found.read(deadline)
    except FileNotFoundError:
        return None
    except OSError as error:
        # No size: what it takes to read it (a permission) changes neither size nor time.
        return Unreadable(found.path, why_unreadable(error))
    except LinkUnavailable as error:
        # No size: it may be there the next time.
        return Unreadable(found.path, about_its_file(error))
    except LinkError as error:
        return _refused(found, about_its_file(error))
    with decoding:
        return _described(index, found, data, carry, told)


def _described(
    index: Index,
    found: Found | RemoteFile,
    data: bytes,
    carry: Callable[[str, bytes], None],
    told: Callable[[bytes], Mapping[str, str]],
) -> Read | Unreadable:
    """What the bytes are."""
    row = FileRow(found.path, picture_id(data), found.size, found.mtime_ns)
    if index.is_vetted(row.picture_id):
        return Read(row, None, _own(told, data))
    try:
        checked = check(data, found.name, row.picture_id)
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
    return Read(row, (picture, checked.thumbnail), _own(told, data), signature(checked.thumbnail))


def _own(told: Callable[[bytes], Mapping[str, str]], data: bytes) -> Mapping[str, str]:
    """What the bytes say, and that they say nothing else."""
    return {**dict.fromkeys(OWN_COLUMNS, ""), **told(data)}


def _kind(found: Found | RemoteFile) -> str:
    """The kind of a file by its first bytes, "" for one that is not known. Raises OSError."""
    kind = kind_of(found.head(HEAD_BYTES))
    suffix = PurePath(found.name).suffix.lower()
    return suffix[1:].upper() if kind == "TIFF" and suffix in RAW_SUFFIXES else kind


def _not_read(found: Found | RemoteFile, kind: str) -> Unreadable:
    if not kind or kind in NO_PICTURES:
        return _refused(found, "It is not a picture.", Cause.OTHER, kind)
    reason = f"Files of the kind {kind} are not read."
    if not kind.endswith("movie"):
        reason += " Save a copy as JPEG or PNG."
    return _refused(found, reason, Cause.KIND, kind)


def _refused(
    found: Found | RemoteFile, reason: str, cause: Cause = Cause.REFUSED, kind: str = ""
) -> Unreadable:
    """What is said of a file for its content: it is not opened again while that stays."""
    return Unreadable(
        found.path, reason, found.size, found.mtime_ns, cause, kind, reader=READER_VERSION
    )
