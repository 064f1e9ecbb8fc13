"""Matrices on disk: a memory-mapped cache of the index."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

from core.index.in_memory.matrix import DIGEST_BYTES, Digests, Matrix
from core.vectors import Vector, Vectors, are_unit

log = logging.getLogger(__name__)

NumberedRows: TypeAlias = Callable[[], Iterable[tuple[int, Vector]]]
"""Gives every (row number, unit vector) of a matrix, from the beginning each time it is called."""

# Rows that are checked and written together: 4 MB of 1024 numbers, so that memory stays flat.
BLOCK_ROWS = 1024

# The line of JSON before the ids names an embedder, whose id is no longer than a model's name.
LONGEST_HEADER = 4096

# A temporary file older than this belongs to a process that died while writing it.
ABANDONED_SECONDS = 3600.0

POSIX = os.name == "posix"

# Rows looked at when a file is loaded. Reading all of them would cost what mapping saves.
SAMPLED_ROWS = 64


class MatrixFile:
    """Matrices on disk: a cache of the index, one file for each embedder and generation.

    A file is a plain `.npy` (so it can be memory-mapped); after the numbers come a line of JSON and
    the ids, so that vectors and ids are replaced together or not at all.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, embedder_id: str, generation: int) -> Path:
        return self.folder / f"{slug(embedder_id)}-{generation}.npy"

    def load(self, embedder_id: str, generation: int) -> Matrix | None:
        """The memory-mapped matrix, or None if it is missing or damaged: then save it again."""
        return self._read(self.path(embedder_id, generation), embedder_id, generation)

    @staticmethod
    def _read(path: Path, embedder_id: str, generation: int) -> Matrix | None:
        try:
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            if not isinstance(mapped, np.memmap) or mapped.ndim != 2 or mapped.dtype != np.float32:
                return None
            with path.open("rb") as file:
                file.seek(mapped.offset + mapped.nbytes)
                header = json.loads(file.readline(LONGEST_HEADER))
                length = len(mapped) * DIGEST_BYTES
                if path.stat().st_size != file.tell() + length:
                    return None
                ids = np.memmap(file, f"S{DIGEST_BYTES}", "r", file.tell(), (len(mapped),))
            if header != _header(embedder_id, generation, ids):
                return None
        except (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, OverflowError):
            return None
        # A memmap is a slow array to index.
        vectors, digests = mapped.view(np.ndarray), ids.view(np.ndarray)
        sample = vectors[np.linspace(0, len(vectors) - 1, SAMPLED_ROWS, dtype=np.intp)]
        return Matrix(digests, vectors, generation) if are_unit(sample) else None

    def save(
        self, embedder_id: str, generation: int, ids: Digests, rows: NumberedRows, dimensions: int
    ) -> Matrix:
        """Write the matrix of a generation, and drop the files of earlier ones.

        ids: in ascending order. rows: gives (row number, unit vector) for each id once, in any
        order; they are never held together. Where the disk is full or refuses, it is called again
        and the matrix is made in memory instead. Two processes may save the same generation at
        once. Raises ValueError for a vector that is not of unit length or a row without one.
        """
        if not len(ids):
            return Matrix(ids, np.empty((0, dimensions), dtype=np.float32), generation)
        path = self.path(embedder_id, generation)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
        made = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            blocks = _blocks(rows(), len(ids), dimensions)
            _write(
                temporary, blocks, (len(ids), dimensions), _trailer(embedder_id, generation, ids)
            )
            # Mapped first, the file may be removed by a process that is further on already.
            # Windows replaces no file that is mapped.
            made = self._read(temporary, embedder_id, generation) if POSIX else None
            temporary.replace(path)
            self._clean(embedder_id, generation)
        except OSError:
            # Full, or no way to write. On Windows also a file that another process has mapped:
            # that one was first.
            log.warning("The matrix cannot be written", exc_info=True)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        made = made or self.load(embedder_id, generation)
        if made is None:
            blocks = _blocks(rows(), len(ids), dimensions)
            made = Matrix(ids, _in_memory(blocks, (len(ids), dimensions)), generation)
        return made

    def _clean(self, embedder_id: str, generation: int) -> None:
        name = slug(embedder_id)
        for path in self.folder.glob(f"{name}-*"):
            with contextlib.suppress(OSError):
                if path.suffix == ".tmp":
                    if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                        path.unlink()
                elif path.stem.removeprefix(f"{name}-").isdecimal() and (
                    int(path.stem.removeprefix(f"{name}-")) < generation
                ):
                    path.unlink()


def _blocks(
    rows: Iterable[tuple[int, Vector]], n: int, dimensions: int
) -> Iterator[tuple[list[int], Vectors]]:
    """Some row numbers and their vectors, checked; at the end, every row has come.

    Raises ValueError.
    """
    came = np.zeros(n, dtype=bool)
    for some in _batched(rows, BLOCK_ROWS):
        numbers = [number for number, _ in some]
        block = np.stack([vector for _, vector in some])
        if block.shape[1:] != (dimensions,) or not are_unit(block):
            raise ValueError("a vector that is not of unit length")
        if max(numbers) >= n:
            raise ValueError(f"more than {n} vectors for {n} ids")
        came[numbers] = True
        yield numbers, block
    if not came.all():
        raise ValueError(f"{np.count_nonzero(came)} vectors for {n} ids")


def _batched(rows: Iterable[tuple[int, Vector]], size: int) -> Iterator[list[tuple[int, Vector]]]:
    remaining = iter(rows)
    while some := list(itertools.islice(remaining, size)):
        yield some


def _write(
    path: Path,
    blocks: Iterable[tuple[list[int], Vectors]],
    shape: tuple[int, int],
    trailer: bytes,
) -> None:
    """A new `.npy` with each row at its place, and the trailer behind it."""
    # Unbuffered, so that a full disk is met at the row that does not fit.
    with path.open("xb", buffering=0) as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": shape}
        )
        start, length = file.tell(), 4 * shape[1]
        for numbers, block in blocks:
            for number, row in zip(numbers, block.astype("<f4", copy=False), strict=True):
                file.seek(start + number * length)
                _write_all(file, row.tobytes())
        file.seek(start + shape[0] * length)
        _write_all(file, trailer)
        os.fsync(file.fileno())


def _in_memory(blocks: Iterable[tuple[list[int], Vectors]], shape: tuple[int, int]) -> Vectors:
    vectors = np.empty(shape, dtype=np.float32)
    for numbers, block in blocks:
        vectors[numbers] = block
    vectors.flags.writeable = False
    return vectors


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _header(embedder_id: str, generation: int, ids: Digests) -> dict[str, object]:
    digest = hashlib.sha256(ids.tobytes()).hexdigest()
    return {"embedder": embedder_id, "generation": generation, "sha256": digest}


def _trailer(embedder_id: str, generation: int, ids: Digests) -> bytes:
    return f"{json.dumps(_header(embedder_id, generation, ids))}\n".encode() + ids.tobytes()


def slug(embedder_id: str) -> str:
    """A file name for an embedder id: readable, and never the same for two ids."""
    readable = re.sub(r"[^a-z0-9]+", "-", embedder_id.lower()).strip("-")[:40]
    return f"{readable}-{hashlib.sha256(embedder_id.encode()).hexdigest()[:8]}"
