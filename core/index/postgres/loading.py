"""Many rows at once: copied into a table of the transaction's own, and from there to theirs."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from core.index.postgres.session import Session

# A table of one's own costs some milliseconds and some rows of the catalogue.
FEW = 100

# These go over the wire in PostgreSQL's own form: as text, numbers take ten times as long.
BINARY = ("vector", "bytea")


def load(
    db: Session,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[object]],
    otherwise: str,
) -> None:
    """Insert rows; many of them several times as fast as one after the other.

    table: in the schema; in `otherwise`, which follows ON CONFLICT, it is called known. columns:
    name and type of each. Where a conflict is an update, each key may come once.
    """
    names = ", ".join(name for name, _ in columns)
    into = f"INSERT INTO schema.{table} AS known ({names})"
    if len(rows) <= FEW:
        values = ", ".join("%b" if kind in BINARY else "%s" for _, kind in columns)
        db.executemany(f"{into} VALUES ({values}) ON CONFLICT {otherwise}", rows)
        return
    definitions = ", ".join(f"{name} {kind}" for name, kind in columns)
    # A temporary table is the transaction's: behind a pooler too.
    db.execute(f"CREATE TEMP TABLE IF NOT EXISTS loading_{table} ({definitions}) ON COMMIT DROP")
    statement = f"COPY pg_temp.loading_{table} ({names}) FROM STDIN (FORMAT BINARY)"
    with db.connection.cursor() as cursor, cursor.copy(sql.SQL(statement)) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            copy.write_row(row)
    db.execute(f"{into} SELECT {names} FROM pg_temp.loading_{table} ON CONFLICT {otherwise}")
    db.execute(f"TRUNCATE pg_temp.loading_{table}")
