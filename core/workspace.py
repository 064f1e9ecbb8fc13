"""Everything one data folder needs, put together once: store, embedder, job, matrix, queries."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.embedders import builtin_embedder, make_embedder
from core.embedders.port import Embedder
from core.errors import ArchiveError, EmbedderError, IndexUnavailable
from core.hosting import CallCounter
from core.index.archive import import_index
from core.index.sqlite.current_matrix import LiveMatrix
from core.index.sqlite.engine import SqliteIndex
from core.index.sqlite.matrix import Matrix
from core.indexing import Progress
from core.indexing.job import Indexer, plan
from core.model import Picture, Plan, Scope
from core.search import QueryVectors
from core.settings import Settings
from core.sources import read_picture
from core.vectors import Vectors

if TYPE_CHECKING:
    from core.embedders.clip.setup import ClipSetup

log = logging.getLogger(__name__)

OWN = Scope("own")
BUNDLED = Scope("gallery")
EVERYTHING = Scope("all")

# Counting takes 25 ms at 10,000 pictures; while a run is on, every visitor's page asks each second.
COUNT_SECONDS = 0.5


@dataclass(frozen=True)
class Status:
    """What is there. "Indexed N of M": `indexed` of `total`, for the pictures that are wanted."""

    indexed: int
    total: int
    own: int  # the person's own pictures
    gallery: int  # bundled pictures
    progress: Progress


@dataclass(frozen=True)
class _Count:
    indexed: int
    total: int
    generation: int
    made: float


class Workspace:
    """One per process. Holds no secrets of its own; safe to use from many threads.

    problems: sentences for every page. clip_setup: the download of the CLIP weights, if CLIP is
    asked for; a new Workspace uses them. Raises IndexUnavailable if the data folder cannot be used
    at all.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings = settings
        self.roots = {
            "gallery/": root / "images" / "gallery",
            "images/": settings.images_dir,
            "uploads/": settings.data_dir / "uploads",
        }
        self.thumbs_dir = root / "static" / "thumbs"
        self.store = SqliteIndex(settings.data_dir)
        self.problems = [*settings.problems, *self.store.notices]
        if not settings.images_dir.is_dir():
            self.problems.append(
                f"The folder {settings.images_dir.name!r} (IMAGES_DIR) is missing."
            )
        self._calls = CallCounter(self.store, lambda: self.embedder.id)
        self.embedder = self._make_embedder()
        self.clip_setup = self._make_clip_setup()
        self.queries = QueryVectors(self.store, self.embedder)
        self.indexer = Indexer(self.store, self.roots, self.thumbs_dir)
        self._live = LiveMatrix(
            self.store,
            self.embedder.id,
            self.embedder.dimensions,
            is_running=lambda: self.indexer.progress().running,
            dropped=self.rescan,
        )
        self._counts: dict[Scope, _Count] = {}
        self._load_seeds(root / "seed")
        self.rescan()

    def _make_embedder(self) -> Embedder:
        try:
            return make_embedder(self.settings, self._calls.count)
        except EmbedderError as error:
            self.problems.append(f"{error} The built-in model answers instead.")
            return builtin_embedder()

    def _make_clip_setup(self) -> ClipSetup | None:
        if self.settings.embedder_kind != "clip":
            return None
        # Not before: without EMBEDDER=clip the project starts as if CLIP did not exist.
        from core.embedders.clip.setup import ClipSetup

        return ClipSetup(self.settings)

    # -- what is there -----------------------------------------------------------------------

    @property
    def gallery_ticked(self) -> bool:
        """Whether the person asked for the gallery to be indexed beside their own pictures."""
        return self.store.meta("gallery") == "1"

    def tick_gallery(self, wanted: bool) -> None:
        """Raises IndexUnavailable."""
        self.store.set_meta("gallery", "1" if wanted else "0")

    def wanted(self) -> Scope:
        """The files that "Indexed N of M" counts and a run embeds.

        The gallery is in if it was ticked or, where that costs nothing, if there is nothing else.
        """
        if self.gallery_ticked:
            return EVERYTHING
        if not self.embedder.paid and not self._count(OWN).total:
            return EVERYTHING
        return OWN

    def status(self) -> Status:
        count = self._count(self.wanted())
        return Status(
            indexed=count.indexed,
            total=count.total,
            own=self._count(OWN).total,
            gallery=self._count(BUNDLED).total,
            progress=self.indexer.progress(),
        )

    def plan(self) -> Plan:
        return plan(self.store, self.embedder.id, self.wanted())

    def _count(self, scope: Scope) -> _Count:
        generation, now = self.store.generation(self.embedder.id), time.monotonic()
        known = self._counts.get(scope)
        if known is not None:
            if known.generation == generation:
                return known
            if now - known.made < COUNT_SECONDS and self.indexer.progress().running:
                return known
        indexed, total = self.store.counts(self.embedder.id, scope)
        self._counts[scope] = count = _Count(indexed, total, generation, now)
        return count

    # -- indexing ----------------------------------------------------------------------------

    def rescan(self) -> bool:
        """Look at the folders again; what costs nothing is embedded at once."""
        return self.indexer.start(None if self.embedder.paid else self.embedder, self.wanted)

    def start_indexing(self) -> bool:
        """Scan, then embed what lacks a vector, paid or not. False if a run is on already."""
        return self.indexer.start(self.embedder, self.wanted)

    def retry_failed(self) -> bool:
        """Like `start_indexing`, with the pictures that were refused before."""
        # Where that cannot be written, the run meets the same trouble, and says so.
        with contextlib.suppress(IndexUnavailable):
            self.store.clear_failures(self.embedder.id)
        return self.start_indexing()

    def calls_this_month(self) -> int:
        return self._calls.this_month()

    def _load_seeds(self, folder: Path) -> None:
        """Take every committed index once; each start looks only at their names and times."""
        for file in sorted(folder.glob("*.zip")):
            key = f"seed:{file.name}"
            try:
                status = file.stat()
                mark = f"{status.st_size}:{status.st_mtime_ns}"
                if self.store.meta(key) != mark:
                    import_index(self.store, file, trusted=True)
                    self.store.set_meta(key, mark)
            except (ArchiveError, IndexUnavailable, OSError) as error:
                self.problems.append(f"seed/{file.name}: {error}")

    # -- searching ---------------------------------------------------------------------------

    def matrix(self) -> Matrix:
        """The vectors that can be searched now; never waits for a run that is on."""
        return self._live.get()

    def allowed(self, matrix: Matrix, scope: Scope) -> npt.NDArray[np.bool_] | None:
        """Which rows of the matrix lie in `scope`, shape (n,); None for all of them."""
        return self._live.allowed(matrix, scope)

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
        if not re.fullmatch(r"[0-9a-f]{64}", picture_id):
            return None  # it may come from a visitor, and is about to be part of a path
        file = self.thumbs_dir / f"{picture_id}.jpg"
        if file.exists():
            return file
        thumbnail = self.store.thumbnail(picture_id)
        if thumbnail is None:
            return None
        # Two visitors, or two processes, may want the same one at once.
        draft = self.thumbs_dir / f".{picture_id}.{secrets.token_hex(4)}.part"
        try:
            self.thumbs_dir.mkdir(parents=True, exist_ok=True)
            try:
                draft.write_bytes(thumbnail)
                draft.replace(file)
            finally:
                draft.unlink(missing_ok=True)
        except OSError:
            log.warning("A thumbnail cannot be written to %s", self.thumbs_dir.name, exc_info=True)
            # On Windows a file that is being read cannot be replaced: then it is there.
            return file if file.exists() else None
        return file

    def close(self) -> None:
        """Let go of everything, once nothing is running: a run goes on to its end."""
        self._calls.flush()
        if self.clip_setup is not None:
            self.clip_setup.close()
        if not self.indexer.is_own():
            self.embedder.close()
            self.store.close()
