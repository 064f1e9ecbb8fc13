"""What every engine can do in memory: exact search in a copy of the vectors, counts of calls."""

from core.index.in_memory.calls import CallsInMemory
from core.index.in_memory.current_matrix import CurrentMatrix, MatrixSource
from core.index.in_memory.matrix import Digests, digests, is_id
from core.index.in_memory.matrix_file import NumberedRows, slug
from core.index.in_memory.matrix_space import MatrixSpace

__all__ = [
    "CallsInMemory",
    "CurrentMatrix",
    "Digests",
    "MatrixSource",
    "MatrixSpace",
    "NumberedRows",
    "digests",
    "is_id",
    "slug",
]
