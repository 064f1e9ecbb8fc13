"""The matrix that searches read while the index changes under it."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from core.errors import IndexUnavailable
from core.index.in_memory.matrix import Digests, Matrix, scores
from core.index.in_memory.matrix_file import MatrixFile, NumberedRows
from core.model import Scope

log = logging.getLogger(__name__)

# While a run adds vectors, searches go on with the last matrix; a new one is made this often at
# most, and never more than a tenth of the time is spent on making it.
REFRESH_SECONDS = 2.0
REFRESH_SHARE = 10


class MatrixSource(Protocol):
    """The index that a matrix is a copy of.

    data_dir: where the file of the matrix may lie. uid: names the index among others.
    """

    data_dir: Path
    uid: str

    def generation(self, embedder_id: str) -> int: ...

    def searchable(
        self, embedder_id: str
    ) -> AbstractContextManager[tuple[int, Digests, NumberedRows]]:
        """One consistent read of the pictures that have a vector and a file.

        Gives (generation, ids in ascending order, their rows in any order). Raises ValueError for
        an id that is none.
        """

    def drop_unusable_vectors(self, embedder_id: str, dimensions: int) -> int:
        """Forget what is no unit vector of that many numbers, or no picture's; returns how many."""

    def ids(self, scope: Scope) -> list[str]:
        """The distinct pictures that have a file in `scope`, sorted."""

    def holds_all(self, scope: Scope) -> bool:
        """True if no file lies outside `scope`."""

    def fact_rows(self, column: str) -> list[tuple[str, str, float | None]]:
        """(picture id, text, number) of every picture that a column says something of."""


class CurrentMatrix:
    """All vectors of one embedder; swapped for a newer copy, never changed. Safe between threads.

    is_running: whether a run is on, here or in another process.
    dropped: told when damaged vectors were dropped, which have to be made again.
    """

    def __init__(
        self,
        index: MatrixSource,
        embedder_id: str,
        dimensions: int,
        is_running: Callable[[], bool],
        dropped: Callable[[], object],
    ) -> None:
        self._index = index
        self._embedder_id = embedder_id
        self._dimensions = dimensions
        self._is_running = is_running
        self._dropped = dropped
        # The index's own name is in the folder's: generations of two indexes say nothing of each
        # other, and a damaged index makes room for a new one.
        folder = index.data_dir / f"matrix-{index.uid}"
        for stale in index.data_dir.glob("matrix-*"):
            if stale != folder:
                shutil.rmtree(stale, ignore_errors=True)
        self._files = MatrixFile(folder)
        self._current: Matrix | None = None
        self._made = 0.0
        self._cost = 0.0
        self._making = threading.Lock()

    def get(self) -> Matrix:
        """What can be searched now; never waits for a run that is on."""
        current = self._current
        if current is None:
            return self._refresh()
        try:
            if self._index.generation(self._embedder_id) == current.generation:
                return current
        except IndexUnavailable:
            log.warning("The index cannot be asked for news", exc_info=True)
            return current
        # The first vectors of all are worth a short wait: without them there is nothing to search.
        if not len(current) or not self._is_running():
            return self._refresh()
        pause = max(REFRESH_SECONDS, self._cost * REFRESH_SHARE)
        if time.monotonic() - self._made > pause and not self._making.locked():
            threading.Thread(target=self._refresh_quietly, name="matrix", daemon=True).start()
        return current

    def _refresh_quietly(self) -> None:
        try:
            self._refresh()
        except IndexUnavailable:
            log.warning("The matrix cannot be made anew", exc_info=True)

    def _refresh(self) -> Matrix:
        with self._making:
            generation = self._index.generation(self._embedder_id)
            current = self._current
            if current is not None and current.generation == generation:
                return current
            started = time.monotonic()
            fresh = self._files.load(self._embedder_id, generation) or self._make()
            self._made = time.monotonic()
            self._cost = self._made - started
            self._current = fresh
        if len(fresh):
            # The first search after a start would otherwise wait while the system maps the file
            # page by page: some 0.2 s for 100,000 pictures.
            threading.Thread(target=scores, args=(fresh, fresh.vectors[0]), daemon=True).start()
        return fresh

    def _make(self) -> Matrix:
        try:
            return self._copy()
        except ValueError:
            # Numbers on a bad sector: a database does not look at them, the matrix does.
            dropped = self._index.drop_unusable_vectors(self._embedder_id, self._dimensions)
            log.warning("%d damaged vectors were dropped; they are made again", dropped)
            fresh = self._copy()
            self._dropped()
            return fresh

    def _copy(self) -> Matrix:
        with self._index.searchable(self._embedder_id) as (generation, ids, rows):
            return self._files.save(self._embedder_id, generation, ids, rows, self._dimensions)
