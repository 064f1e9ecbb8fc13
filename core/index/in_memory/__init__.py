"""Exact search in memory, for every engine: a copy of an embedder's vectors, mapped from a file."""

from core.index.in_memory.current_matrix import CurrentMatrix, MatrixSource
from core.index.in_memory.matrix import Digests, digests, is_id
from core.index.in_memory.matrix_file import NumberedRows, slug
from core.index.in_memory.matrix_space import MatrixSpace

__all__ = [
    "CurrentMatrix",
    "Digests",
    "MatrixSource",
    "MatrixSpace",
    "NumberedRows",
    "digests",
    "is_id",
    "slug",
]
