"""An index as one file: vectors, ids, names, thumbnails and the embedder that made them.

A zip of `manifest.json`, `vectors.npy`, `pictures.jsonl` (one picture a line, in the order of the
vectors) and `thumbs/<id>.jpg`, nothing compressed. What is imported is a stranger's: everything in
it is checked before it is kept, nothing is unpickled, and memory is bounded by the file's size.
"""

from __future__ import annotations

import io
import json
import logging
import math
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from core.errors import ArchiveError, IndexUnavailable
from core.index.columns import add_columns
from core.index.port import ArchivedPicture, Index
from core.model import ROOTS, Column, ColumnType, Picture, Scope
from core.pictures import FORMATS, THUMBNAIL_SIDE
from core.vectors import Vectors, are_unit, is_length

log = logging.getLogger(__name__)

FORMAT = "vectorscope-index"
VERSION = 1

# Bounds on what a stranger's file may make this process hold or look at.
MAX_PICTURES = 200_000
MAX_MANIFEST_BYTES = 64 * 1024
MAX_LINE_BYTES = 256 * 1024
MAX_THUMBNAIL_BYTES = 256 * 1024
MAX_DIMENSIONS = 8192
MAX_NUMBER = 2**53  # what JSON carries exactly
MAX_FACTS = 64
MAX_FACT_CHARACTERS = 500  # as core.metadata cuts them

# Beside the numbers of vectors.npy.
MAX_HEADER_BYTES = 4096

# What zipfile, struct and Pillow raise on bytes that were cut, turned or made up.
UNREADABLE = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    IndexError,
    KeyError,
    TypeError,
    MemoryError,
    struct.error,
)


@dataclass(frozen=True)
class _Entry:
    picture: Picture
    altered: bool
    thumbnail: bytes
    length: float | None
    facts: Mapping[str, str]


@dataclass(frozen=True)
class _Manifest:
    embedder_id: str
    dimensions: int
    count: int
    columns: tuple[Column, ...]


# -- export ----------------------------------------------------------------------------------


def export_index(
    index: Index,
    embedder_id: str,
    scope: Scope,
    target: IO[bytes],
    columns: Sequence[Column] = (),
) -> int:
    """Write every picture in `scope` that has a vector of this embedder; returns how many.

    columns: those whose facts come along, where there are any. The same index gives the same bytes.
    Only what is said of the pictures is held in memory.
    """
    with (
        index.export(embedder_id, scope) as (altered, rows),
        zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive,
    ):
        dimensions = index.dimensions(embedder_id) or 0
        known = index.pictures(list(altered), scope)
        names = [column.name for column in columns]
        facts = index.facts(list(altered), names) if names else {}
        written: set[str] = set()
        lengths: dict[str, float | None] = {}
        for picture_id in known:
            thumbnail = index.thumbnail(picture_id)
            if thumbnail is not None:  # else its file went away just now
                archive.writestr(_member_info(f"thumbs/{picture_id}.jpg"), thumbnail)
                written.add(picture_id)
        with archive.open(_member_info("vectors.npy"), "w") as member:
            header = {"descr": "<f4", "fortran_order": False, "shape": (len(written), dimensions)}
            np.lib.format.write_array_header_1_0(member, header)
            for picture_id, (vector, length) in rows:
                if picture_id in written:
                    lengths[picture_id] = length
                    member.write(vector.astype("<f4", copy=False).tobytes())
        with archive.open(_member_info("pictures.jsonl"), "w") as member:
            for picture_id, was_altered in altered.items():
                if picture_id in written:
                    line = _describe(known[picture_id], was_altered, lengths[picture_id])
                    told = facts.get(picture_id, {})
                    said = {name: told[name].text for name in names if name in told}
                    if said:
                        line["facts"] = {n: t[:MAX_FACT_CHARACTERS] for n, t in said.items()}
                    member.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "embedder_id": embedder_id,
            "dimensions": dimensions,
            "count": len(written),
        }
        # One that says nothing of these pictures would be one without a value where they are taken.
        told_of = {name for picture_id in written for name in facts.get(picture_id, {})}
        if said_columns := [one for one in columns if one.name in told_of]:
            manifest["columns"] = [[column.name, str(column.type)] for column in said_columns]
        archive.writestr(_member_info("manifest.json"), json.dumps(manifest, indent=1))
    return len(written)


def _describe(picture: Picture, altered: bool, length: float | None) -> dict[str, Any]:
    line: dict[str, Any] = {
        "id": picture.id,
        "paths": list(picture.paths),
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "note": picture.note,
        "altered": altered,
    }
    if length is not None:
        line["length"] = length
    return line


def _member_info(name: str) -> zipfile.ZipInfo:
    # A fixed date: the same index gives the same file.
    return zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))


# -- import ----------------------------------------------------------------------------------


def import_index(
    index: Index,
    source: IO[bytes] | Path,
    embedder_id: str | None = None,
    *,
    dimensions: int | None = None,
    trusted: bool = False,
) -> int:
    """Take an exported index in; returns the number of its pictures.

    embedder_id: the only embedder whose index is wanted (None: any), dimensions: of its vectors.
    trusted: the file comes with the program. A stranger's word on a picture is replaced by what
    its bytes say as soon as a scan finds them here. Raises ArchiveError.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _manifest(archive, embedder_id, dimensions)
            vectors = _vectors(archive, manifest)
            index.import_pictures(
                manifest.embedder_id, _archived(index, archive, manifest, vectors), trusted=trusted
            )
            add_columns(index, manifest.columns)
    except IndexUnavailable as error:
        raise ArchiveError(str(error)) from error
    except UNREADABLE as error:
        log.info("An index file could not be read", exc_info=True)
        raise ArchiveError(
            "This file is not a whole index: it was cut short or damaged. Download it again."
        ) from error
    return manifest.count


def _manifest(
    archive: zipfile.ZipFile, embedder_id: str | None, dimensions: int | None
) -> _Manifest:
    listed = archive.infolist()
    if len({info.filename for info in listed}) != len(listed):
        raise _forged("it holds a file twice")
    # Members of a zip may share their bytes; then a small file reads as an endless one.
    if sum(info.file_size for info in listed) > _size(archive):
        raise _forged("it says to be larger than it is")
    declared = _json(_read(archive, "manifest.json", MAX_MANIFEST_BYTES))
    if not isinstance(declared, dict) or declared.get("format") != FORMAT:
        raise ArchiveError("This file is not an index of this product.")
    if declared.get("version") != VERSION:
        raise ArchiveError("This index was made by another version of this product.")
    made_by = declared.get("embedder_id")
    if not isinstance(made_by, str) or not re.fullmatch(r"[A-Za-z0-9_:.@/+-]{1,200}", made_by):
        raise _forged("it does not say which embedder made it")
    if embedder_id is not None and made_by != embedder_id:
        raise ArchiveError(
            f"This index was made by {made_by}, and {embedder_id} answers here. Vectors of two "
            "embedders cannot be compared; switch to that embedder first, then import it."
        )
    count, length = declared.get("count"), declared.get("dimensions")
    if count == 0:
        raise ArchiveError("This index holds no pictures.")
    if type(count) is not int or not 0 < count <= MAX_PICTURES:
        raise _forged("it does not say how many pictures it holds")
    if type(length) is not int or not 0 < length <= MAX_DIMENSIONS:
        raise _forged("it does not say how long its vectors are")
    if dimensions is not None and length != dimensions:
        raise _forged(f"its vectors have {length} numbers and not {dimensions}")
    return _Manifest(made_by, length, count, _columns(declared.get("columns", [])))


def _columns(items: Any) -> tuple[Column, ...]:
    """What is known of the pictures, and was used where the index was made."""
    if not isinstance(items, list) or len(items) > MAX_FACTS:
        raise _forged("it does not say what is known of its pictures")
    columns = []
    for item in items:
        if not isinstance(item, list) or len(item) != 2 or item[1] not in list(ColumnType):
            raise _forged("it does not say what is known of its pictures")
        columns.append(Column(_fact(item[0]), ColumnType(item[1]), taken=True))
    return tuple(columns)


def _facts(item: dict[str, Any]) -> dict[str, str]:
    """What is known of a picture; an older file says nothing."""
    told = item.get("facts", {})
    if not isinstance(told, dict) or len(told) > MAX_FACTS:
        raise _forged("what it says of a picture is no list of facts")
    return {_fact(name): _fact(text) for name, text in told.items()}


def _fact(text: Any) -> str:
    if not isinstance(text, str) or not _is_storable(text) or "\0" in text:
        raise _forged("what it says of a picture is no text")
    if not 0 < len(text) <= MAX_FACT_CHARACTERS:
        raise _forged("what it says of a picture is empty or too long")
    return text


def _size(archive: zipfile.ZipFile) -> int:
    assert archive.fp is not None
    return archive.fp.seek(0, io.SEEK_END)


def _vectors(archive: zipfile.ZipFile, manifest: _Manifest) -> Vectors:
    shape = (manifest.count, manifest.dimensions)
    needed = math.prod(shape) * 4
    info = _member(archive, "vectors.npy")
    if not needed < info.file_size <= needed + MAX_HEADER_BYTES:
        raise _forged("its vectors do not have the size that it says")
    with archive.open(info) as file:
        try:
            if np.lib.format.read_magic(file) != (1, 0):
                raise ValueError("another version")
            header = np.lib.format.read_array_header_1_0(file)
        except Exception as error:  # it parses Python literals, and raises whatever they raise
            raise _forged("its vectors cannot be read") from error
        if header != (shape, False, np.dtype("<f4")):
            raise _forged("its vectors do not have the shape that it says")
        data = file.read(needed + 1)
    if len(data) != needed:
        raise _forged("its vectors do not have the size that it says")
    vectors = np.frombuffer(data, "<f4").reshape(shape)
    if not are_unit(vectors):
        raise _forged("its vectors are not unit vectors")
    return vectors


def _archived(
    index: Index, archive: zipfile.ZipFile, manifest: _Manifest, vectors: Vectors
) -> Iterator[ArchivedPicture]:
    """Every picture of the file, checked one after the other while they are taken."""
    _check_dimensions(index, manifest)
    entries = _entries(archive, manifest)
    for vector, entry in zip(vectors, entries, strict=True):
        yield ArchivedPicture(
            entry.picture, entry.thumbnail, vector, entry.altered, entry.length, entry.facts
        )


def _check_dimensions(index: Index, manifest: _Manifest) -> None:
    known = index.dimensions(manifest.embedder_id)
    if known is not None and known != manifest.dimensions:
        raise _forged(f"its vectors have {manifest.dimensions} numbers and not {known}")


def _entries(archive: zipfile.ZipFile, manifest: _Manifest) -> Iterator[_Entry]:
    seen: set[str] = set()
    with archive.open(_member(archive, "pictures.jsonl")) as lines:
        while line := lines.readline(MAX_LINE_BYTES):
            if len(seen) == manifest.count:
                raise _forged("it lists more pictures than it has vectors")
            entry = _entry(archive, _json(line))
            if entry.picture.id in seen:
                raise _forged("it names a picture twice")
            seen.add(entry.picture.id)
            yield entry
    if len(seen) != manifest.count:
        raise _forged("it lists fewer pictures than it has vectors")


def _entry(archive: zipfile.ZipFile, item: Any) -> _Entry:
    if not isinstance(item, dict):
        raise _forged("a picture is not described")
    picture_id, kind, note = (_text(item, name) for name in ("id", "format", "note"))
    if not re.fullmatch(r"[0-9a-f]{64}", picture_id):
        raise _forged("a picture has no proper id")
    if kind not in FORMATS:
        raise _forged("a picture is of no known format")
    if type(item.get("altered")) is not bool:
        raise _forged("a picture's description is incomplete")
    picture = Picture(
        id=picture_id,
        format=kind,
        width=_number(item, "width"),
        height=_number(item, "height"),
        bytes=_number(item, "bytes"),
        note=note[:500],
        paths=_paths(item.get("paths")),
    )
    thumbnail = _thumbnail(archive, picture_id)
    return _Entry(picture, item["altered"], thumbnail, _length(item), _facts(item))


def _thumbnail(archive: zipfile.ZipFile, picture_id: str) -> bytes:
    data = _read(archive, f"thumbs/{picture_id}.jpg", MAX_THUMBNAIL_BYTES)
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            # Ours are never progressive: such a file may take very long to be shown.
            fits = max(image.size) <= THUMBNAIL_SIDE and not image.info.get("progressive")
    except Exception as error:  # Pillow's readers raise almost anything on hostile bytes
        raise _forged("a thumbnail is not a JPEG picture") from error
    if not fits or not data.endswith(b"\xff\xd9"):
        raise _forged("a thumbnail is not one that this product makes")
    return data


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not _is_storable(value):
        raise _forged("a picture's description is incomplete")
    return value


def _number(item: dict[str, Any], name: str) -> int:
    value = item.get(name)
    if type(value) is not int or not 0 < value < MAX_NUMBER:
        raise _forged("a picture's description is incomplete")
    return value


def _length(item: dict[str, Any]) -> float | None:
    """The length of a picture's vector; an older file says none."""
    value = item.get("length")
    if value is None or is_length(value):
        return value
    raise _forged("the length of a vector is no length")


def _paths(paths: Any) -> tuple[str, ...]:
    """Names as a scan could have made them: they are looked for under the folders here."""
    if not isinstance(paths, list) or not paths:
        raise _forged("a picture has no name")
    for path in paths:
        if not isinstance(path, str) or not _is_storable(path) or not path.startswith(ROOTS):
            raise _forged("a picture has no proper name")
        if any(part in ("", ".", "..") for part in path.split("/")):
            raise _forged("a picture has no proper name")
        if len(path) > 4096 or "\0" in path:
            raise _forged("a picture has no proper name")
    return tuple(paths)


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _forged("its description of the pictures cannot be read") from error


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    info = _member(archive, name)
    if info.file_size > limit:
        raise _forged(f"{name} is too large")
    return archive.read(info)


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise _forged(f"{name} is missing") from None
    if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED:
        raise _forged("it was packed by another program")  # and what is not packed is no bomb
    return info


def _forged(why: str) -> ArchiveError:
    return ArchiveError(f"This index is not taken: {why}.")
