"""An index as one file: vectors, ids, names, thumbnails and the embedder that made them.

A zip of `manifest.json`, `pictures.json`, `vectors.npy` and `thumbs/<id>.jpg`. What is imported is
a stranger's: everything in it is checked before anything is kept, and nothing is unpickled.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from core.embedders.base import Vectors
from core.store import Picture, Scope, Store, add_pictures, add_vector, bump

FORMAT = "vectorscope-index"
VERSION = 1

# Bounds on what a stranger's file may make this process hold.
MAX_PICTURES = 200_000
MAX_JSON_BYTES = 200 * 2**20
MAX_THUMBNAIL_BYTES = 256 * 1024
MAX_DIMENSIONS = 8192

ROOTS = ("gallery/", "images/", "uploads/")


class IndexFileError(Exception):
    """The file is not taken; `str(error)` says why. Nothing of it was kept."""


@dataclass(frozen=True)
class _Entry:
    picture: Picture
    altered: bool
    thumbnail: bytes


def export_index(store: Store, embedder_id: str, scope: Scope, target: IO[bytes]) -> int:
    """Write every picture in `scope` that has a vector of this embedder; returns how many."""
    wanted = set(store.ids(scope))
    with store.searchable(embedder_id) as (_, ids, rows):
        vectors = [(i, v) for i, v in rows if i in wanted]
    ids = [i for i, _ in vectors]
    pictures = store.pictures(ids, scope)
    dimensions = len(vectors[0][1]) if vectors else 0
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "embedder_id": embedder_id,
        "dimensions": dimensions,
        "count": len(ids),
    }
    entries = [
        {
            "id": i,
            "paths": list(pictures[i].paths),
            "format": pictures[i].format,
            "width": pictures[i].width,
            "height": pictures[i].height,
            "bytes": pictures[i].bytes,
            "note": pictures[i].note,
            "altered": store.was_altered(embedder_id, i),
        }
        for i in ids
    ]
    matrix = np.stack([v for _, v in vectors]) if vectors else np.empty((0, 0), np.float32)
    array = io.BytesIO()
    np.save(array, matrix, allow_pickle=False)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        _write(archive, "manifest.json", json.dumps(manifest, indent=1).encode())
        _write(archive, "pictures.json", json.dumps(entries, ensure_ascii=False).encode())
        _write(archive, "vectors.npy", array.getvalue())
        for i in ids:
            _write(archive, f"thumbs/{i}.jpg", store.thumbnail(i) or b"")
    return len(ids)


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    # A fixed date: the same index gives the same file.
    archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)


def import_index(store: Store, source: IO[bytes] | Path, embedder_id: str | None = None) -> int:
    """Take an exported index into the store; returns the number of its pictures.

    embedder_id: the only embedder whose index is wanted (None: any). Raises IndexFileError.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            made_by, entries, vectors = _read(archive, embedder_id)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise IndexFileError(
            "This file is not a whole index: it was cut short or damaged. Download it again."
        ) from error
    with store.writing() as db:
        add_pictures(db, ((e.picture, e.thumbnail) for e in entries))
        for entry, vector in zip(entries, vectors, strict=True):
            # Never over a vector that was made here.
            add_vector(db, made_by, entry.picture.id, vector, entry.altered, overwrite=False)
            for path in entry.picture.paths:
                # A file that a scan has seen knows better.
                db.execute(
                    "INSERT OR IGNORE INTO files VALUES (?, ?, NULL, NULL)",
                    (path, entry.picture.id),
                )
        bump(db, "live")
    return len(entries)


def _read(archive: zipfile.ZipFile, embedder_id: str | None) -> tuple[str, list[_Entry], Vectors]:
    manifest = _json(archive, "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IndexFileError("This file is not an index of this product.")
    if manifest.get("version") != VERSION:
        raise IndexFileError("This index was made by another version of this product.")
    made_by, count = manifest.get("embedder_id"), manifest.get("count")
    if not isinstance(made_by, str) or not re.fullmatch(r"[\w:.@/+-]{1,200}", made_by):
        raise IndexFileError("This index does not say which embedder made it.")
    if embedder_id is not None and made_by != embedder_id:
        raise IndexFileError(
            f"This index was made by {made_by}, and {embedder_id} answers here. Vectors of two "
            "embedders cannot be compared; switch to that embedder first, then import it."
        )
    if not isinstance(count, int) or not 0 < count <= MAX_PICTURES:
        raise IndexFileError("This index holds no pictures.")

    vectors = _vectors(archive, count)
    listed = _json(archive, "pictures.json")
    if not isinstance(listed, list) or len(listed) != count:
        raise _forged("its list of pictures does not fit its vectors")
    entries = [_entry(archive, item) for item in listed]
    if len({e.picture.id for e in entries}) != count:
        raise _forged("it names a picture twice")
    return made_by, entries, vectors


def _vectors(archive: zipfile.ZipFile, count: int) -> Vectors:
    info = _member(archive, "vectors.npy")
    if info.file_size > count * MAX_DIMENSIONS * 4 + 4096:
        raise _forged("its vectors are larger than it says")
    with archive.open(info) as file:
        try:
            vectors = np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            raise _forged("its vectors cannot be read") from error
    if vectors.dtype != np.float32 or vectors.ndim != 2 or len(vectors) != count:
        raise _forged("its vectors do not have the shape that it says")
    norms = np.linalg.norm(vectors, axis=1)
    if not vectors.shape[1] or not np.all(np.abs(norms - 1.0) < 1e-3):  # NaN fails too
        raise _forged("its vectors are not unit vectors")
    return vectors


def _entry(archive: zipfile.ZipFile, item: Any) -> _Entry:
    try:
        picture = Picture(
            id=str(item["id"]),
            format=str(item["format"])[:20],
            width=int(item["width"]),
            height=int(item["height"]),
            bytes=int(item["bytes"]),
            note=str(item["note"])[:500],
            paths=_paths(item["paths"]),
        )
        altered = bool(item["altered"])
    except (KeyError, TypeError, ValueError) as error:
        raise _forged("a picture's description is incomplete") from error
    if not re.fullmatch(r"[0-9a-f]{64}", picture.id) or not picture.paths:
        raise _forged("a picture has no proper id or name")
    info = _member(archive, f"thumbs/{picture.id}.jpg")
    if info.file_size > MAX_THUMBNAIL_BYTES:
        raise _forged("a thumbnail is too large")
    thumbnail = archive.read(info)
    try:
        with Image.open(io.BytesIO(thumbnail), formats=["JPEG"]) as image:
            if max(image.size) > 640:
                raise _forged("a thumbnail is too large")
    except OSError as error:
        raise _forged("a thumbnail is not a JPEG picture") from error
    return _Entry(picture, altered, thumbnail)


def _paths(paths: Sequence[Any]) -> tuple[str, ...]:
    """Names to be shown, never to be opened as they are: still, only such as a scan could make."""
    if not isinstance(paths, list) or not all(isinstance(p, str) for p in paths):
        raise ValueError("paths")
    for path in paths:
        parts = path.split("/")
        if not path.startswith(ROOTS) or len(path) > 4096 or "\0" in path:
            raise ValueError(path)
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(path)
    return tuple(paths)


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    info = _member(archive, name)
    if info.file_size > MAX_JSON_BYTES:
        raise _forged(f"{name} is too large")
    try:
        return json.loads(archive.read(info))
    except (ValueError, RecursionError) as error:
        raise _forged(f"{name} cannot be read") from error


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise _forged(f"{name} is missing") from None
    if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED:
        raise _forged("it was packed by another program")  # and no bomb can be stored
    return info


def _forged(why: str) -> IndexFileError:
    return IndexFileError(f"This index is not taken: {why}.")
