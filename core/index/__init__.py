"""The index: what is known of files, pictures and vectors, and the search over them.

`Index` and `VectorSpace` are the port; behind it stand SQLite and PostgreSQL.
"""

from __future__ import annotations

from core.errors import IndexUnavailable
from core.index.archive import export_index, import_index
from core.index.columns import columns_of, set_columns
from core.index.copying import Copying, CopyState
from core.index.names import free_name
from core.index.port import (
    HISTORY_KEPT,
    CallCount,
    Index,
    KeptSearches,
    KnownFacts,
    NearDuplicates,
    Nearest,
    Neighbours,
    Outcome,
    PaidCall,
    ReachedCap,
    RunLock,
    Sample,
    Spread,
    VectorSpace,
)
from core.index.sqlite import SqliteIndex
from core.settings import Settings

__all__ = [
    "HISTORY_KEPT",
    "CallCount",
    "CopyState",
    "Copying",
    "Index",
    "KeptSearches",
    "KnownFacts",
    "NearDuplicates",
    "Nearest",
    "Neighbours",
    "Outcome",
    "PaidCall",
    "ReachedCap",
    "RunLock",
    "Sample",
    "Spread",
    "VectorSpace",
    "columns_of",
    "export_index",
    "free_name",
    "import_index",
    "open_index",
    "set_columns",
]


def open_index(settings: Settings) -> Index:
    """Open the index where the settings say it is, or make it. Raises IndexUnavailable."""
    if not settings.has_postgres:
        return SqliteIndex(settings.data_dir)
    try:
        # Only here, because the client is an extra, and takes time and memory.
        from core.index.postgres import PostgresIndex
    except ImportError as error:
        raise IndexUnavailable(
            "POSTGRES_HOST is set, but the client for PostgreSQL is not installed: run pip install "
            "-r requirements-postgres.txt, or clear POSTGRES_HOST."
        ) from error
    return PostgresIndex(settings)
