"""What has no vector yet, and why: the plan of a run, failures, and files that are not indexed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.index.postgres.connections import (
    Connections,
    generation_of,
    path_condition,
    state_of,
)
from core.index.postgres.session import Session
from core.model import Cause, Failure, Missing, NotIndexed, Plan, Scope

# What a scan did not take, and what the embedder (the one parameter) gave no vector for.
NOT_INDEXED = (
    "SELECT path, reason, cause, kind FROM schema.unreadable "
    "UNION ALL SELECT path, reason, 'embedder', '' FROM schema.failures WHERE embedder_id = %s"
)


class Unfinished(Connections):
    """What a run has still to do, and what it could not do; see `core.index.port.Index`."""

    def plan(self, embedder_id: str, scope: Scope) -> Plan:
        with self.reading() as db:
            state = generation_of(db, embedder_id) + state_of(db, "refused")
            return self.answer(
                ("plan", embedder_id, scope), state, lambda: _plan(db, embedder_id, scope)
            )

    def missing(self, embedder_id: str, scope: Scope) -> list[Missing]:
        found, parameters = _missing(embedder_id, scope)
        with self.snapshot() as db:
            rows = db.execute(
                f"SELECT f.picture_id, f.first, p.bytes {found} ORDER BY f.first", parameters
            )
            return [Missing(*row) for row in rows]

    def add_failures(self, embedder_id: str, failures: Sequence[Failure]) -> None:
        if not failures:
            return
        with self.writing() as db:
            db.executemany(
                "INSERT INTO schema.failures (embedder_id, picture_id, path, reason, again) "
                "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (embedder_id, picture_id) DO UPDATE SET "
                "path = excluded.path, reason = excluded.reason, again = excluded.again",
                sorted((embedder_id, f.picture_id, f.path, f.reason, f.again) for f in failures),
            )
            db.bump("refused")

    def failures(self, embedder_id: str) -> list[Failure]:
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT picture_id, path, reason, again FROM schema.failures "
                "WHERE embedder_id = %s ORDER BY path",
                (embedder_id,),
            )
            return [Failure(*row) for row in rows]

    def clear_failures(self, embedder_id: str) -> None:
        with self.writing() as db:
            db.execute("DELETE FROM schema.failures WHERE embedder_id = %s", (embedder_id,))
            db.bump("refused")

    def not_indexed_counts(self, embedder_id: str) -> dict[tuple[Cause, str], int]:
        def read() -> dict[tuple[Cause, str], int]:
            rows = db.execute(
                f"SELECT cause, kind, count(*) FROM ({NOT_INDEXED}) AS n GROUP BY cause, kind",
                (embedder_id,),
            )
            return {(Cause(cause), kind): number for cause, kind, number in rows}

        with self.reading() as db:
            return self.answer(("not indexed", embedder_id), state_of(db, "refused"), read)

    def not_indexed(
        self,
        embedder_id: str,
        causes: Collection[Cause],
        text: str = "",
        first: int = 0,
        count: int | None = None,
    ) -> tuple[int, list[NotIndexed]]:
        # strpos and not LIKE, because a name may hold % and _. In "C", only a to z have capitals.
        found = (
            f"FROM ({NOT_INDEXED}) AS n WHERE cause = ANY(%s) "
            "AND strpos(lower(path || ' ' || reason), lower(%s::text COLLATE \"C\")) > 0"
        )
        given = (embedder_id, [str(cause) for cause in causes], text)
        with self.snapshot() as db:
            total = db.execute(f"SELECT count(*) {found}", given).fetchone()
            assert total is not None
            rows = db.execute(
                f"SELECT path, reason, cause {found} ORDER BY path LIMIT %s OFFSET %s",
                (*given, count, first),
            )
            return total[0], [
                NotIndexed(path, reason, Cause(cause)) for path, reason, cause in rows
            ]


def _plan(db: Session, embedder_id: str, scope: Scope) -> Plan:
    missing, given = _missing(embedder_id, scope)
    condition, parameters = path_condition(scope)
    row = db.execute(
        f"SELECT (SELECT count(*) {missing}), "
        f"(SELECT count(*) - count(DISTINCT picture_id) FROM schema.files WHERE {condition}), "
        "(SELECT count(*) FROM schema.unreadable "
        f"WHERE cause IN ('refused', 'kind') AND {condition}), "
        "(SELECT count(*) FROM schema.failures WHERE embedder_id = %s AND NOT again)",
        (*given, *parameters, *parameters, embedder_id),
    ).fetchone()
    assert row is not None
    return Plan(*row)


def _missing(embedder_id: str, scope: Scope) -> tuple[str, list[object]]:
    """The part of a statement from FROM on, and its parameters."""
    condition, parameters = path_condition(scope)
    return (
        "FROM (SELECT picture_id, min(path) AS first FROM schema.files "
        f"WHERE {condition} AND size IS NOT NULL GROUP BY picture_id) AS f "
        "JOIN schema.pictures AS p ON p.id = f.picture_id "
        "WHERE NOT EXISTS (SELECT 1 FROM schema.vectors AS v "
        "WHERE v.embedder_id = %s AND v.picture_id = f.picture_id) "
        "AND NOT EXISTS (SELECT 1 FROM schema.failures AS x "
        "WHERE x.embedder_id = %s AND x.picture_id = f.picture_id AND NOT x.again)",
        [*parameters, embedder_id, embedder_id],
    )
