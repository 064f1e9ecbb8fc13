"""The tables of signatures and near-duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.index.port import NearDuplicates
from core.index.postgres.connections import Connections, state_of


class Duplicates(Connections):
    """What tells whether pictures show the same, and which do; see `core.index.port.Index`."""

    def copies(self) -> list[str]:
        with self.reading() as db:
            rows = db.execute(
                "SELECT picture_id FROM schema.files GROUP BY picture_id HAVING count(*) > 1 "
                "ORDER BY picture_id"
            )
            return [row[0] for row in rows]

    def signatures(self, ids: Sequence[str]) -> dict[str, bytes]:
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT picture_id, signature FROM schema.signatures WHERE picture_id = ANY(%s)",
                (list(ids),),
                binary=True,
            )
            return dict(rows.fetchall())

    def add_signatures(self, signatures: Mapping[str, bytes]) -> None:
        with self.writing() as db:
            db.executemany(
                "INSERT INTO schema.signatures (picture_id, signature) VALUES (%s, %b) "
                "ON CONFLICT (picture_id) DO UPDATE SET signature = excluded.signature",
                sorted(signatures.items()),
            )

    def near_duplicates(self, embedder_id: str) -> NearDuplicates:
        def read() -> NearDuplicates:
            groups: dict[int, list[str]] = {}
            for number, picture_id in db.execute(
                "SELECT number, picture_id FROM schema.near_duplicates WHERE embedder_id = %s "
                "ORDER BY number, place",
                (embedder_id,),
            ):
                groups.setdefault(number, []).append(picture_id)
            row = db.execute(
                "SELECT value FROM schema.meta WHERE key = %s", (_generation(embedder_id),)
            ).fetchone()
            generation = int(row[0]) if row else NearDuplicates().generation
            return NearDuplicates(generation, tuple(map(tuple, groups.values())))

        with self.reading() as db:
            state = state_of(db, _state(embedder_id))
        with self.snapshot() as db:
            return self.answer(_state(embedder_id), state, read)

    def set_near_duplicates(self, embedder_id: str, found: NearDuplicates) -> None:
        with self.writing() as db:
            db.bump(_state(embedder_id))
            # Two hosts may have looked at once: the later one's groups stay, whole.
            db.execute("LOCK TABLE schema.near_duplicates IN SHARE ROW EXCLUSIVE MODE")
            db.execute("DELETE FROM schema.near_duplicates WHERE embedder_id = %s", (embedder_id,))
            db.executemany(
                "INSERT INTO schema.near_duplicates (embedder_id, number, place, picture_id) "
                "VALUES (%s, %s, %s, %s)",
                [
                    (embedder_id, number, place, picture_id)
                    for number, group in enumerate(found.groups)
                    for place, picture_id in enumerate(group)
                ],
            )
            db.execute(
                "INSERT INTO schema.meta (key, value) VALUES (%s, %s) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (_generation(embedder_id), str(found.generation)),
            )


def _state(embedder_id: str) -> str:
    """Names the counter that grows when other groups are kept."""
    return f"near_duplicates:{embedder_id}"


def _generation(embedder_id: str) -> str:
    """The fact that says in which state of the index the groups were found."""
    return f"near_duplicates_of:{embedder_id}"
