"""What has no vector yet, and why: the plan of a run, failures, and files that are not indexed."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from core.index.sqlite.connections import (
    Connections,
    bump,
    condition_on_files,
    counter,
    generation_of,
)
from core.index.sqlite.tables import path_condition
from core.model import (
    Cause,
    Failure,
    Missing,
    NotIndexed,
    Plan,
    Scope,
)

# What a scan did not take, and what the embedder (the one parameter) gave no vector for.
NOT_INDEXED = (
    "SELECT path, reason, cause, kind FROM unreadable "
    "UNION ALL SELECT path, reason, 'embedder', '' FROM failures WHERE embedder_id = ?"
)


class Unfinished(Connections):
    """What a run has still to do, and what it could not do."""

    def plan(self, embedder_id: str, scope: Scope) -> Plan:
        """What is left to do for the files in `scope`, by the last scan."""
        with self.connection() as db:
            db.execute("BEGIN")
            state = generation_of(db, embedder_id) + counter(db, "refused")
            return self._answer(
                ("plan", embedder_id, scope), state, lambda: self._plan(db, embedder_id, scope)
            )

    def _plan(self, db: sqlite3.Connection, embedder_id: str, scope: Scope) -> Plan:
        condition, parameters = condition_on_files(db, scope)
        files, pictures = db.execute(
            f"SELECT count(*), count(DISTINCT picture_id) FROM files WHERE {condition}",
            parameters,
        ).fetchone()
        condition, parameters = path_condition(scope)
        skipped = db.execute(
            f"SELECT count(*) FROM unreadable WHERE cause IN ('refused', 'kind') AND {condition}",
            parameters,
        ).fetchone()[0]
        failed = db.execute(
            "SELECT count(*) FROM failures WHERE embedder_id = ? AND NOT again",
            (embedder_id,),
        ).fetchone()[0]
        return Plan(
            calls=len(self.missing(embedder_id, scope)),
            duplicates=files - pictures,
            skipped=skipped,
            failed=failed,
        )

    def missing(self, embedder_id: str, scope: Scope) -> list[Missing]:
        """The pictures to embed, by path: no vector, and no refusal that would be repeated."""
        condition, parameters = path_condition(scope)
        with self.connection() as db:
            rows = db.execute(
                "SELECT f.picture_id, f.first, p.bytes FROM ("
                "SELECT picture_id, min(path) AS first FROM files "
                f"WHERE {condition} AND size IS NOT NULL GROUP BY picture_id) AS f "
                "JOIN pictures AS p ON p.id = f.picture_id "
                "WHERE NOT EXISTS (SELECT 1 FROM vectors AS v "
                "WHERE v.embedder_id = ? AND v.picture_id = f.picture_id) "
                "AND NOT EXISTS (SELECT 1 FROM failures AS x "
                "WHERE x.embedder_id = ? AND x.picture_id = f.picture_id AND NOT x.again) "
                "ORDER BY f.first",
                (*parameters, embedder_id, embedder_id),
            )
            return [Missing(*row) for row in rows]

    def add_failures(self, embedder_id: str, failures: Sequence[Failure]) -> None:
        if not failures:
            return
        with self.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
                [(embedder_id, f.picture_id, f.path, f.reason, f.again) for f in failures],
            )
            bump(db, "refused")

    def failures(self, embedder_id: str) -> list[Failure]:
        with self.connection() as db:
            rows = db.execute(
                "SELECT picture_id, path, reason, again FROM failures WHERE embedder_id = ? "
                "ORDER BY path",
                (embedder_id,),
            )
            return [Failure(i, path, reason, bool(again)) for i, path, reason, again in rows]

    def clear_failures(self, embedder_id: str) -> None:
        with self.writing() as db:
            db.execute("DELETE FROM failures WHERE embedder_id = ?", (embedder_id,))
            bump(db, "refused")

    def not_indexed_counts(self, embedder_id: str) -> dict[tuple[Cause, str], int]:
        """How many files were seen and are not in the index, by cause and kind."""
        with self.connection() as db:
            db.execute("BEGIN")
            state = counter(db, "refused")
            return self._answer(
                ("not indexed", embedder_id),
                state,
                lambda: {
                    (Cause(cause), kind): number
                    for cause, kind, number in db.execute(
                        f"SELECT cause, kind, count(*) FROM ({NOT_INDEXED}) GROUP BY cause, kind",
                        (embedder_id,),
                    )
                },
            )

    def not_indexed(
        self,
        embedder_id: str,
        causes: Collection[Cause],
        text: str = "",
        first: int = 0,
        count: int | None = None,
    ) -> tuple[int, list[NotIndexed]]:
        """How many files are not indexed for one of these causes, and some of them, by path."""
        marks = ",".join("?" * len(causes))
        # instr and not LIKE, because a name may hold % and _.
        wanted = f"cause IN ({marks}) AND instr(lower(path || ' ' || reason), lower(?))"
        given = (*causes, text)
        with self.connection() as db:
            db.execute("BEGIN")
            total: int = db.execute(
                f"SELECT count(*) FROM ({NOT_INDEXED}) WHERE {wanted}", (embedder_id, *given)
            ).fetchone()[0]
            # Each half in the order of its path, which its table gives without sorting 100,000.
            refused = "SELECT *, 'embedder' AS cause FROM failures WHERE embedder_id = ?"
            rows = db.execute(
                f"SELECT path, reason, cause FROM unreadable WHERE {wanted} UNION ALL "
                f"SELECT path, reason, cause FROM ({refused}) WHERE {wanted} "
                "ORDER BY path LIMIT ? OFFSET ?",
                (*given, embedder_id, *given, -1 if count is None else count, first),
            )
            return total, [NotIndexed(path, reason, Cause(cause)) for path, reason, cause in rows]
