"""Everything one data folder needs, put together once: store, embedder, job, matrix, queries."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.embedders import builtin_embedder, make_embedder
from core.embedders.base import EmbedderError, Vectors
from core.indexing import Indexer, Plan, Progress, plan, read_picture
from core.matrix import Matrix, MatrixFile
from core.queries import QueryVectors
from core.settings import Settings
from core.store import Picture, Scope, Store
from core.transfer import IndexFileError, import_index

log = logging.getLogger(__name__)

OWN = Scope("own")
EVERYTHING = Scope("all")

# While a run adds vectors, searches go on with the last matrix; a new one is made this often at
# most, and never more than a tenth of the time is spent on making it.
REFRESH_SECONDS = 2.0
REFRESH_SHARE = 10


@dataclass(frozen=True)
class Status:
    """What is there. "Indexed N of M": `indexed` of `total`, for the pictures that are wanted."""

    indexed: int
    total: int
    own: int  # the person's own pictures
    gallery: int  # bundled pictures
    progress: Progress


class Workspace:
    """One per process. Holds no secrets of its own; safe to use from many threads.

    Raises StoreError if the data folder cannot be used at all.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings = settings
        self.roots = {
            "gallery/": root / "images" / "gallery",
            "images/": settings.images_dir,
            "uploads/": settings.data_dir / "uploads",
        }
        self.thumbs_dir = root / "static" / "thumbs"
        self.store = Store(settings.data_dir)
        self.problems = [*settings.problems, *self.store.notices]
        self._calls: Counter[str] = Counter()
        try:
            self.embedder = make_embedder(settings, self._count_call)
        except EmbedderError as error:
            self.problems.append(f"{error} The built-in model answers instead.")
            self.embedder = builtin_embedder()
        self.queries = QueryVectors(self.store, self.embedder)
        self.indexer = Indexer(self.store, self.roots, self.thumbs_dir)
        self._matrices = MatrixFile(settings.data_dir / f"matrix-{self.store.uid}")
        self._matrix: Matrix | None = None
        self._matrix_made = 0.0
        self._matrix_cost = 0.0
        self._refreshing = threading.Lock()
        self._masks: dict[tuple[Scope, int], npt.NDArray[np.bool_]] = {}
        self._load_seeds(root / "seed")
        self.rescan()

    # -- what is there -----------------------------------------------------------------------

    @property
    def gallery_ticked(self) -> bool:
        """Whether the person asked for the gallery to be indexed beside their own pictures."""
        return self.store.meta("gallery") == "1"

    def tick_gallery(self, wanted: bool) -> None:
        self.store.set_meta("gallery", "1" if wanted else "0")

    def wanted(self) -> Scope:
        """The files that "Indexed N of M" counts and a run embeds.

        The gallery is in if it was ticked or, where that costs nothing, if there is nothing else.
        """
        if self.gallery_ticked:
            return EVERYTHING
        if not self.embedder.paid and not self.store.ids(OWN):
            return EVERYTHING
        return OWN

    def status(self) -> Status:
        indexed, total = self.store.counts(self.embedder.id, self.wanted())
        return Status(
            indexed=indexed,
            total=total,
            own=self.store.counts(self.embedder.id, OWN)[1],
            gallery=self.store.counts(self.embedder.id, Scope("gallery"))[1],
            progress=self.indexer.progress(),
        )

    def plan(self) -> Plan:
        return plan(self.store, self.embedder.id, self.wanted())

    # -- indexing ----------------------------------------------------------------------------

    def rescan(self) -> bool:
        """Look at the folders again; what costs nothing is embedded at once."""
        return self.indexer.start(None if self.embedder.paid else self.embedder, self.wanted)

    def start_indexing(self) -> bool:
        """Scan, then embed what lacks a vector, paid or not. False if a run is on already."""
        return self.indexer.start(self.embedder, self.wanted)

    def retry_failed(self) -> bool:
        self.store.clear_failures(self.embedder.id)
        return self.start_indexing()

    def calls_this_month(self) -> int:
        self._flush_calls()
        return self.store.calls(self.embedder.id, time.strftime("%Y-%m"))

    def _count_call(self, kind: str) -> None:
        self._calls[kind] += 1

    def _flush_calls(self) -> None:
        counted, self._calls = self._calls, Counter()
        if counted:
            self.store.count_calls(self.embedder.id, counted)

    def _load_seeds(self, folder: Path) -> None:
        """Take every committed index once; each start looks only at their names and times."""
        for file in sorted(folder.glob("*.zip")):
            status = file.stat()
            mark = f"{status.st_size}:{status.st_mtime_ns}"
            key = f"seed:{file.name}"
            if self.store.meta(key) == mark:
                continue
            try:
                import_index(self.store, file)
                self.store.set_meta(key, mark)
            except IndexFileError as error:
                self.problems.append(f"seed/{file.name}: {error}")

    # -- searching ---------------------------------------------------------------------------

    def matrix(self) -> Matrix:
        """The vectors that can be searched now; never waits for a run that is on."""
        current = self._matrix
        if current is not None:
            generation = self.store.generation(self.embedder.id)
            if generation == current.generation:
                return current
            if self.indexer.progress().running:
                pause = max(REFRESH_SECONDS, self._matrix_cost * REFRESH_SHARE)
                if time.monotonic() - self._matrix_made > pause and not self._refreshing.locked():
                    threading.Thread(target=self._refresh, daemon=True).start()
                return current
        return self._refresh()

    def _refresh(self) -> Matrix:
        with self._refreshing:
            generation = self.store.generation(self.embedder.id)
            current = self._matrix
            if current is not None and current.generation == generation:
                return current
            started = time.monotonic()
            fresh = self._matrices.load(self.embedder.id, generation)
            if fresh is None:
                with self.store.searchable(self.embedder.id) as (generation, ids, rows):
                    fresh = self._matrices.save(
                        self.embedder.id,
                        generation,
                        ids,
                        (vector for _, vector in rows),
                        self.embedder.dimensions,
                    )
            self._matrix_made = time.monotonic()
            self._matrix_cost = self._matrix_made - started
            self._masks.clear()
            self._matrix = fresh
            return fresh

    def allowed(self, matrix: Matrix, scope: Scope) -> npt.NDArray[np.bool_] | None:
        """Which rows of the matrix lie in `scope`; None for all of them."""
        if scope == EVERYTHING:
            return None
        key = (scope, matrix.generation)
        mask = self._masks.get(key)
        if mask is None:
            inside = set(self.store.ids(scope))
            mask = np.fromiter((i in inside for i in matrix.ids), bool, len(matrix.ids))
            self._masks[key] = mask
        return mask

    def vectors_of(self, ids: list[str]) -> tuple[list[str], Vectors]:
        """The vectors of those pictures that have one, in the order asked for."""
        matrix = self.matrix()
        rows = [(i, matrix.row_of[i]) for i in ids if i in matrix.row_of]
        return [i for i, _ in rows], np.asarray(matrix.vectors[[r for _, r in rows]])

    # -- pictures ----------------------------------------------------------------------------

    def original(self, picture: Picture) -> bytes | None:
        """The file's own bytes; None if no file holds them any more (an imported picture)."""
        return read_picture(picture, self.roots)

    def thumbnail_file(self, picture_id: str) -> Path | None:
        """The thumbnail as a static file, written again if it is missing.

        None if there is no such picture, or no way to write there.
        """
        file = self.thumbs_dir / f"{picture_id}.jpg"
        if file.exists():
            return file
        thumbnail = self.store.thumbnail(picture_id)
        if thumbnail is None:
            return None
        try:
            self.thumbs_dir.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(f".{threading.get_ident()}.part")
            draft.write_bytes(thumbnail)
            draft.replace(file)
        except OSError:
            log.warning("A thumbnail cannot be written to %s", self.thumbs_dir.name, exc_info=True)
            return None
        return file

    def close(self) -> None:
        self._flush_calls()
        self.embedder.close()
        self.store.close()
