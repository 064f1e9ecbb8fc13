"""The index in one SQLite file, searched through a memory-mapped numpy matrix."""

from core.index.sqlite.engine import SqliteIndex

__all__ = ["SqliteIndex"]
