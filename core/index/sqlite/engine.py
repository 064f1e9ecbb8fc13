"""The durable index: one SQLite file that knows pictures, files, vectors, failures and queries.

Identity is content: a picture is the SHA-256 of its bytes, a file is a path that holds one. A path
starts with its root (`gallery/`, `images/`, `uploads/`); the folder behind a root is the caller's
to know. Vectors outlive their files: a picture that comes back costs no call.
"""

from __future__ import annotations

from collections.abc import Callable

from core.file_lock import FileLock
from core.index.in_memory import CurrentMatrix, MatrixSpace
from core.index.sqlite.calls import Calls
from core.index.sqlite.duplicates import Duplicates
from core.index.sqlite.facts import Facts
from core.index.sqlite.files import Files
from core.index.sqlite.queries import Queries
from core.index.sqlite.searches import Searches
from core.index.sqlite.unfinished import Unfinished
from core.index.sqlite.vectors import VectorTable
from core.index.sqlite.votes import Votes


class SqliteIndex(
    Files, VectorTable, Unfinished, Queries, Calls, Searches, Duplicates, Votes, Facts
):
    """Opens, or makes, the index in `data_dir`. Safe to use from many threads and processes.

    A damaged file is set aside and rebuilt from what can be read of it; `notices` then says so.
    Every method raises IndexUnavailable where the file cannot be used.
    """

    def run_lock(self) -> FileLock:
        """Held by the one run that adds to this index; see `core.index.port.RunLock`."""
        return FileLock(self.data_dir / "run.lock")

    def vector_space(
        self,
        embedder_id: str,
        dimensions: int,
        is_running: Callable[[], bool],
        dropped: Callable[[], object],
    ) -> MatrixSpace:
        """The vectors of one embedder; see `core.index.port.Index.vector_space`."""
        return MatrixSpace(self, CurrentMatrix(self, embedder_id, dimensions, is_running, dropped))
