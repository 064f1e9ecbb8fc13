"""Many rows at once: copied in, as PostgreSQL takes them fastest."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql
from psycopg.errors import UniqueViolation

from core.index.postgres.session import Session

# A savepoint and a table of one's own cost some milliseconds and some rows of the catalogue.
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
    if table not in db.with_conflicts:
        try:
            # Mostly all of them are new, and then none has to be held against what is there.
            with db.connection.transaction():
                _copy(db, f"schema.{table}", columns, rows)
            return
        except UniqueViolation:
            db.with_conflicts.add(table)  # where one is known, the next mostly are too
    own = f"pg_temp.loading_{table}"
    definitions = ", ".join(f"{name} {kind}" for name, kind in columns)
    # A temporary table is the transaction's: behind a pooler too.
    db.execute(f"CREATE TEMP TABLE IF NOT EXISTS loading_{table} ({definitions}) ON COMMIT DROP")
    _copy(db, own, columns, rows)
    db.execute(f"{into} SELECT {names} FROM {own} ON CONFLICT {otherwise}")
    db.execute(f"TRUNCATE {own}")


def _copy(
    db: Session,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[object]],
) -> None:
    names = ", ".join(name for name, _ in columns)
    statement = db.written(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)")
    with db.connection.cursor() as cursor, cursor.copy(sql.SQL(statement)) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            copy.write_row(row)
