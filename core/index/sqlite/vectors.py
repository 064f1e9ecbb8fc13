"""The table of vectors: reading, writing, taking along."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from core.index.in_memory import Digests, NumberedRows, digests, is_id
from core.index.port import ArchivedPicture
from core.index.sqlite.connections import (
    Connections,
    blob_of,
    bump,
    condition_on_files,
    generation_of,
    length_of,
    vector_of,
)
from core.index.sqlite.facts import add_own_facts
from core.index.sqlite.files import add_pictures
from core.index.sqlite.tables import scope_condition
from core.model import (
    Scope,
)
from core.vectors import Measured, RawVector, Vector, is_unit_blob, measured


class VectorTable(Connections):
    """The vectors of every embedder."""

    def add_vectors(self, embedder_id: str, rows: Sequence[tuple[str, RawVector, bool]]) -> None:
        """Record (picture id, the embedder's answer, whether the bytes sent were altered)."""
        if not rows:
            return
        with self.writing() as db:
            for picture_id, raw, altered in rows:
                add_vector(db, embedder_id, picture_id, measured(raw), altered)
                if db.execute(
                    "DELETE FROM failures WHERE embedder_id = ? AND picture_id = ?",
                    (embedder_id, picture_id),
                ).rowcount:
                    bump(db, "refused")
            bump(db, f"vectors:{embedder_id}")

    def vector(self, embedder_id: str, picture_id: str) -> Vector | None:
        with self.connection() as db:
            row = db.execute(
                "SELECT vector FROM vectors WHERE embedder_id = ? AND picture_id = ?",
                (embedder_id, picture_id),
            ).fetchone()
        return vector_of(row)

    def lengths(self, embedder_id: str, ids: Sequence[str]) -> dict[str, float]:
        """The length at which each picture's vector came, where it was kept."""
        found: dict[str, float] = {}
        with self.connection() as db:
            for picture_id in ids:
                row = db.execute(
                    "SELECT length FROM vectors WHERE embedder_id = ? AND picture_id = ?",
                    (embedder_id, picture_id),
                ).fetchone()
                length = length_of(row[0]) if row else None
                if length is not None:
                    found[picture_id] = length
        return found

    def was_altered(self, embedder_id: str, picture_id: str) -> bool:
        with self.connection() as db:
            row = db.execute(
                "SELECT altered FROM vectors WHERE embedder_id = ? AND picture_id = ?",
                (embedder_id, picture_id),
            ).fetchone()
        return bool(row and row[0])

    def embedders(self) -> list[str]:
        """The embedders that there are vectors of, in order."""
        with self.connection() as db:
            rows = db.execute("SELECT DISTINCT embedder_id FROM vectors ORDER BY embedder_id")
            return [row[0] for row in rows]

    def held(self, embedder_id: str, ids: Sequence[str]) -> set[str]:
        """Those of the pictures that have a vector, whether a file holds them or not."""
        with self.connection() as db:
            rows = db.execute(
                "SELECT picture_id FROM vectors WHERE embedder_id = ? "
                "AND picture_id IN (SELECT value FROM json_each(?))",
                (embedder_id, json.dumps(list(ids))),
            )
            return {row[0] for row in rows}

    def dimensions(self, embedder_id: str) -> int | None:
        """How many numbers this embedder's vectors have; None while there is none."""
        with self.connection() as db:
            row = db.execute(
                "SELECT length(vector) FROM vectors WHERE embedder_id = ? LIMIT 1", (embedder_id,)
            ).fetchone()
        return row[0] // 4 if row else None

    def named(self, embedder_id: str, limit: int) -> list[tuple[str, str]]:
        """(id, first path) of at most `limit` pictures that have a vector, by path."""
        found: dict[str, str] = {}
        with self.connection() as db:
            # By path, so that reading ends after `limit` pictures and not after all of them.
            for picture_id, path in db.execute(
                "SELECT picture_id, path FROM files AS f WHERE EXISTS (SELECT 1 FROM vectors AS v "
                "WHERE v.embedder_id = ? AND v.picture_id = f.picture_id) ORDER BY path",
                (embedder_id,),
            ):
                found.setdefault(picture_id, path)
                if len(found) == limit:
                    break
        return list(found.items())

    def counts(self, embedder_id: str, scope: Scope) -> tuple[int, int]:
        """(pictures with a vector of this embedder, pictures that have or can get one) in `scope`.

        A picture known only from an index of another embedder has no file to embed: not counted.
        """
        with self.connection() as db:
            db.execute("BEGIN")
            condition, parameters = condition_on_files(db, scope)
            row = db.execute(
                "SELECT count(v.picture_id), count(CASE WHEN v.picture_id IS NOT NULL OR on_disk "
                "THEN 1 END) FROM (SELECT picture_id, max(size IS NOT NULL) AS on_disk FROM files "
                f"WHERE {condition} GROUP BY picture_id) AS f "
                "LEFT JOIN vectors AS v ON v.embedder_id = ? AND v.picture_id = f.picture_id",
                (*parameters, embedder_id),
            ).fetchone()
        return row[0], row[1]

    @contextmanager
    def searchable(self, embedder_id: str) -> Iterator[tuple[int, Digests, NumberedRows]]:
        """One consistent read of the pictures that have a vector and a file.

        Gives (generation, ids in ascending order, their rows in the order of the file: read in any
        other, a large index takes many times as long from a disk). Raises ValueError for an id that
        is none.
        """
        with self.connection() as db:
            db.execute("BEGIN")
            generation = generation_of(db, embedder_id)
            names: list[str] = []
            number_of: dict[int, int] = {}
            for number, (picture_id, rowid) in enumerate(
                db.execute(
                    "SELECT picture_id, rowid FROM vectors WHERE embedder_id = ? AND picture_id IN "
                    "(SELECT picture_id FROM files) ORDER BY picture_id",
                    (embedder_id,),
                )
            ):
                names.append(str(picture_id))  # damage may have made it something else
                number_of[rowid] = number
            ids = digests(names)
            del names

            def rows() -> Iterator[tuple[int, Vector]]:
                for rowid, blob in db.execute(
                    "SELECT rowid, vector FROM vectors NOT INDEXED WHERE embedder_id = ? "
                    "ORDER BY rowid",
                    (embedder_id,),
                ):
                    if rowid in number_of:
                        yield number_of[rowid], np.frombuffer(blob, np.float32)

            yield generation, ids, rows

    @contextmanager
    def export(
        self, embedder_id: str, scope: Scope
    ) -> Iterator[tuple[dict[str, bool], Iterator[tuple[str, Measured]]]]:
        """One consistent read of the pictures in `scope` that have a vector, by id.

        Gives (picture id -> whether a smaller copy was sent) and an iterator of (picture id,
        vector with its length) in the same order. Damaged vectors are dropped first.
        """
        self.drop_unusable_vectors(embedder_id, self.dimensions(embedder_id) or 0)
        condition, parameters = scope_condition(scope)
        chosen = (
            "FROM vectors WHERE embedder_id = ? AND picture_id IN "
            f"(SELECT picture_id FROM files WHERE {condition}) ORDER BY picture_id"
        )
        given = (embedder_id, *parameters)
        with self.connection() as db:
            db.execute("BEGIN")
            altered = {
                picture_id: bool(flag)
                for picture_id, flag in db.execute(f"SELECT picture_id, altered {chosen}", given)
            }
            rows = db.execute(f"SELECT picture_id, vector, length {chosen}", given)
            yield (
                altered,
                (
                    (picture_id, Measured(np.frombuffer(blob, np.float32), length_of(length)))
                    for picture_id, blob, length in rows
                ),
            )

    def import_pictures(
        self, embedder_id: str, pictures: Iterable[ArchivedPicture], *, trusted: bool
    ) -> None:
        """Take them all or, if the iterable raises, none of them.

        Never over a vector or a description that was made here. trusted: the descriptions need
        not be checked again against the files' bytes.
        """
        with self.writing() as db:
            for item in pictures:
                picture = item.picture
                add_pictures(db, [(picture, item.thumbnail)], vetted=trusted)
                vector = Measured(item.vector, item.length)
                add_vector(db, embedder_id, picture.id, vector, item.altered, overwrite=False)
                # A file that a scan has seen knows better.
                db.executemany(
                    "INSERT OR IGNORE INTO files VALUES (?, ?, NULL, NULL)",
                    [(path, picture.id) for path in picture.paths],
                )
                # As above; what is known of it here stays.
                if item.facts:
                    add_own_facts(db, {picture.id: item.facts}, overwrite=False)
            bump(db, "own_facts")
            bump(db, "live")

    def drop_unusable_vectors(self, embedder_id: str, dimensions: int) -> int:
        """Forget what is no unit vector of that many numbers, or no picture's; returns how many.

        SQLite does not check what is in its pages: numbers on a bad sector are found only here.
        """
        with self.writing() as db:
            bad = [
                (rowid,)
                for rowid, picture_id, blob in db.execute(
                    "SELECT rowid, picture_id, vector FROM vectors WHERE embedder_id = ?",
                    (embedder_id,),
                )
                if not is_id(picture_id) or len(blob) != 4 * dimensions or not is_unit_blob(blob)
            ]
            db.executemany("DELETE FROM vectors WHERE rowid = ?", bad)
            if bad:
                bump(db, f"vectors:{embedder_id}")
        return len(bad)


def add_vector(
    db: sqlite3.Connection,
    embedder_id: str,
    picture_id: str,
    vector: Measured,
    altered: bool,
    *,
    overwrite: bool = True,
) -> None:
    db.execute(
        f"INSERT OR {'REPLACE' if overwrite else 'IGNORE'} INTO vectors "
        "(embedder_id, picture_id, vector, altered, length) VALUES (?, ?, ?, ?, ?)",
        (embedder_id, picture_id, blob_of(vector.vector), altered, vector.length),
    )
