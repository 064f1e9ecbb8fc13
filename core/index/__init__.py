"""The index: what is known of files, pictures and vectors, and the search over them.

`Index` and `VectorSpace` are the port; behind it stands SQLite with a memory-mapped matrix.
"""

from __future__ import annotations

from pathlib import Path

from core.index.archive import export_index, import_index
from core.index.names import free_name
from core.index.port import (
    HISTORY_KEPT,
    CallCount,
    Index,
    KeptSearches,
    NearDuplicates,
    Nearest,
    Neighbours,
    Outcome,
    PaidCall,
    ReachedCap,
    Sample,
    VectorSpace,
)
from core.index.sqlite import SqliteIndex

__all__ = [
    "HISTORY_KEPT",
    "CallCount",
    "Index",
    "KeptSearches",
    "NearDuplicates",
    "Nearest",
    "Neighbours",
    "Outcome",
    "PaidCall",
    "ReachedCap",
    "Sample",
    "VectorSpace",
    "export_index",
    "free_name",
    "import_index",
    "open_index",
]


def open_index(data_dir: Path) -> Index:
    """Open the index of a data folder, or make it. Raises IndexUnavailable."""
    return SqliteIndex(data_dir)
