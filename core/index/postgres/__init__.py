"""The index in PostgreSQL with pgvector, for several hosts or for more than one file holds.

Imported only when POSTGRES_HOST is set: the client is an extra (requirements-postgres.txt).
"""

from core.index.postgres.engine import PostgresIndex

__all__ = ["PostgresIndex"]
