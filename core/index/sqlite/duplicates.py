"""The tables of signatures and near-duplicates."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from core.index.port import NearDuplicates
from core.index.sqlite.connections import Connections, bump, counter
from core.index.sqlite.files import IDS_AT_ONCE


class Duplicates(Connections):
    """What tells whether pictures show the same, and which were found to."""

    def copies(self) -> list[str]:
        """The pictures that several files hold, in ascending order."""
        with self.connection() as db:
            rows = db.execute(
                "SELECT picture_id FROM files GROUP BY picture_id HAVING count(*) > 1 "
                "ORDER BY picture_id"
            )
            return [row[0] for row in rows]

    def signatures(self, ids: Sequence[str]) -> dict[str, bytes]:
        """What was kept with `add_signatures` of these pictures."""
        found: dict[str, bytes] = {}
        with self.connection() as db:
            for start in range(0, len(ids), IDS_AT_ONCE):
                some = ids[start : start + IDS_AT_ONCE]
                marks = ",".join("?" * len(some))
                found.update(
                    db.execute(
                        "SELECT picture_id, signature FROM signatures "
                        f"WHERE picture_id IN ({marks})",
                        some,
                    )
                )
        return found

    def add_signatures(self, signatures: Mapping[str, bytes]) -> None:
        """Keep what tells whether two pictures show the same: bytes by picture id."""
        with self.writing() as db:
            db.executemany("INSERT OR REPLACE INTO signatures VALUES (?, ?)", signatures.items())

    def near_duplicates(self, embedder_id: str) -> NearDuplicates:
        """The groups that were kept last; answered from memory while nothing has changed."""

        def read(db: sqlite3.Connection) -> NearDuplicates:
            row = db.execute(
                "SELECT value FROM meta WHERE key = ?", (_generation(embedder_id),)
            ).fetchone()
            groups: dict[int, list[str]] = {}
            for number, picture_id in db.execute(
                "SELECT number, picture_id FROM near_duplicates WHERE embedder_id = ? "
                "ORDER BY rowid",
                (embedder_id,),
            ):
                groups.setdefault(number, []).append(picture_id)
            generation = int(row[0]) if row else NearDuplicates().generation
            return NearDuplicates(generation, tuple(map(tuple, groups.values())))

        with self.connection() as db:
            db.execute("BEGIN")
            question, state = _state(embedder_id), counter(db, _state(embedder_id))
            return self._answer(question, state, lambda: read(db))

    def set_near_duplicates(self, embedder_id: str, found: NearDuplicates) -> None:
        """Keep these groups instead of those before."""
        with self.writing() as db:
            db.execute("DELETE FROM near_duplicates WHERE embedder_id = ?", (embedder_id,))
            db.executemany(
                "INSERT INTO near_duplicates VALUES (?, ?, ?)",
                (
                    (embedder_id, picture_id, number)
                    for number, group in enumerate(found.groups)
                    for picture_id in group
                ),
            )
            db.execute(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                (_generation(embedder_id), str(found.generation)),
            )
            bump(db, _state(embedder_id))


def _state(embedder_id: str) -> str:
    """Names the counter that grows when other groups are kept."""
    return f"near_duplicates:{embedder_id}"


def _generation(embedder_id: str) -> str:
    """The fact that says in which state of the index the groups were found."""
    return f"near_duplicates_of:{embedder_id}"
