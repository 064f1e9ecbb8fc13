"""Matrices on disk: a memory-mapped cache of the index."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from core.index.sqlite.matrix import Matrix
from core.vectors import Vectors, are_unit

# Vectors are gathered to blocks of this size before they are written: memory stays flat, and one
# system call carries a thousand rows of 1024 numbers.
BLOCK_BYTES = 4 << 20

# A temporary file older than this belongs to a process that died while writing it.
ABANDONED_SECONDS = 3600.0

POSIX = os.name == "posix"

# Rows looked at when a file is loaded. Reading all of them would cost what mapping saves.
SAMPLED_ROWS = 64


class MatrixFile:
    """Matrices on disk: a cache of the store, one file for each embedder and generation.

    A file is a plain `.npy` (so it can be memory-mapped) with the ids after the numbers, so that
    vectors and ids are replaced together or not at all.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, embedder_id: str, generation: int) -> Path:
        return self.folder / f"{_slug(embedder_id)}-{generation}.npy"

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
                header, _, listed = file.read().decode("ascii").partition("\n")
            ids = tuple(listed.split("\n"))
            if json.loads(header) != _header(embedder_id, generation, ids):
                return None
        except (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, OverflowError):
            return None
        vectors = mapped.view(np.ndarray)  # a memmap is a slow array to index
        sample = vectors[np.linspace(0, len(vectors) - 1, SAMPLED_ROWS, dtype=np.intp)]
        if len(ids) != len(vectors) or not are_unit(sample):
            return None
        return Matrix(ids, vectors, generation)

    def save(
        self,
        embedder_id: str,
        generation: int,
        ids: Sequence[str],
        vectors: Iterable[npt.NDArray[np.float32]],
        dimensions: int,
    ) -> Matrix:
        """Write the matrix of a generation, and drop the files of earlier ones.

        vectors: one unit row for each id, in the same order, as rows (dimensions,) or blocks
        (m, dimensions); read once, never held together. Where the disk is full or refuses, the
        matrix is made in memory instead. Two processes may save the same generation at once.
        Raises ValueError if rows and ids do not match.
        """
        ids = tuple(ids)
        if not ids:
            return Matrix((), np.empty((0, dimensions), dtype=np.float32), generation)
        rows = _Rows(_blocks(vectors, dimensions), len(ids), dimensions)
        path = self.path(embedder_id, generation)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
        try:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                rows.write(temporary, _trailer(embedder_id, generation, ids))
                # Mapped first, the file may be removed by a process that is further on already.
                # Windows replaces no file that is mapped.
                made = self._read(temporary, embedder_id, generation) if POSIX else None
                temporary.replace(path)
            except OSError:
                # Windows keeps a mapped file from being replaced: then another process was first.
                written = self.load(embedder_id, generation)
                return written or Matrix(ids, rows.in_memory(temporary), generation)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        self._clean(embedder_id, generation)
        made = made or self.load(embedder_id, generation)
        return made or Matrix(ids, rows.in_memory(path), generation)

    def _clean(self, embedder_id: str, generation: int) -> None:
        slug = _slug(embedder_id)
        for path in self.folder.glob(f"{slug}-*"):
            with contextlib.suppress(OSError):
                if path.suffix == ".tmp":
                    if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                        path.unlink()
                elif path.stem.removeprefix(f"{slug}-").isdecimal() and (
                    int(path.stem.removeprefix(f"{slug}-")) < generation
                ):
                    path.unlink()


class _Rows:
    """Blocks of rows on their way to a file, which can still be had if the file fails."""

    def __init__(self, blocks: Iterator[Vectors], n: int, dimensions: int) -> None:
        self.blocks, self.n, self.dimensions = blocks, n, dimensions
        self.written = 0
        self.start = 0
        self.pending = np.empty((0, dimensions), dtype=np.float32)

    def write(self, path: Path, trailer: bytes) -> None:
        # Unbuffered, so that a full disk is met at the block that does not fit.
        with path.open("xb", buffering=0) as file:
            np.lib.format.write_array_header_1_0(
                file,
                {"descr": "<f4", "fortran_order": False, "shape": (self.n, self.dimensions)},
            )
            self.start = file.tell()
            for block in self.blocks:
                self.pending = block
                _write_all(file, block.astype("<f4", copy=False).tobytes())
                self.written += len(block)
                self.pending = block[:0]
            if self.written != self.n:
                raise ValueError(f"{self.written} vectors for {self.n} ids")
            _write_all(file, trailer)
            os.fsync(file.fileno())

    def in_memory(self, path: Path) -> Vectors:
        """All rows: those that reached the file, the block that did not, and the rest."""
        vectors = np.empty((self.n, self.dimensions), dtype=np.float32)
        if self.written:
            vectors[: self.written] = np.fromfile(
                path, dtype="<f4", count=self.written * self.dimensions, offset=self.start
            ).reshape(-1, self.dimensions)
        at = self.written
        for block in itertools.chain([self.pending], self.blocks):
            if at + len(block) > self.n:
                raise ValueError(f"more than {self.n} vectors for {self.n} ids")
            vectors[at : at + len(block)] = block
            at += len(block)
        if at != self.n:
            raise ValueError(f"{at} vectors for {self.n} ids")
        vectors.flags.writeable = False
        return vectors


def _blocks(vectors: Iterable[npt.NDArray[np.float32]], dimensions: int) -> Iterator[Vectors]:
    """Rows or small blocks gathered to blocks of about BLOCK_BYTES, each row looked at."""

    def joined() -> Vectors:
        block = np.concatenate(gathered)
        if not are_unit(block):
            raise ValueError("a vector that is not of unit length")
        return block

    gathered: list[Vectors] = []
    size = 0
    for item in vectors:
        block = np.asarray(item, dtype=np.float32).reshape(-1, dimensions)
        gathered.append(block)
        size += block.nbytes
        if size >= BLOCK_BYTES:
            yield joined()
            gathered, size = [], 0
    if gathered:
        yield joined()


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _header(embedder_id: str, generation: int, ids: Sequence[str]) -> dict[str, object]:
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    return {"embedder": embedder_id, "generation": generation, "ids": len(ids), "sha256": digest}


def _trailer(embedder_id: str, generation: int, ids: Sequence[str]) -> bytes:
    header = json.dumps(_header(embedder_id, generation, ids))
    return (header + "\n" + "\n".join(ids)).encode("ascii")


def _slug(embedder_id: str) -> str:
    """A file name for an embedder id: readable, and never the same for two ids."""
    readable = re.sub(r"[^a-z0-9]+", "-", embedder_id.lower()).strip("-")[:40]
    return f"{readable}-{hashlib.sha256(embedder_id.encode()).hexdigest()[:8]}"
