"""The tables of what is known of pictures."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from core.index.facts import merged
from core.index.sqlite.connections import Connections, bump, counter
from core.model import Value


class Facts(Connections):
    """What `core.index.port.KnownFacts` promises."""

    def add_own_facts(self, facts: Mapping[str, Mapping[str, str]]) -> None:
        with self.writing() as db:
            if add_own_facts(db, facts):
                bump(db, "own_facts")

    def own_facts(self) -> dict[str, dict[str, str]]:
        with self.connection() as db:
            rows = db.execute("SELECT id, facts FROM pictures WHERE facts IS NOT NULL")
            return {picture_id: json.loads(facts) for picture_id, facts in rows}

    def own_facts_state(self) -> int:
        with self.connection() as db:
            return counter(db, "own_facts")

    def set_facts(self, facts: Mapping[str, Mapping[str, Value]]) -> None:
        with self.writing() as db:
            known = [name for (name,) in db.execute("SELECT DISTINCT name FROM facts")]
            changed = False
            # One column after the other: all of a large collection would be much to hold twice.
            for name in dict.fromkeys((*known, *facts)):
                before = {
                    picture_id: Value(text, number)
                    for picture_id, text, number in db.execute(
                        "SELECT picture_id, text, number FROM facts WHERE name = ?", (name,)
                    )
                }
                now = facts.get(name, {})
                gone = [(name, picture_id) for picture_id in before if picture_id not in now]
                new = [(i, value) for i, value in now.items() if before.get(i) != value]
                db.executemany("DELETE FROM facts WHERE name = ? AND picture_id = ?", gone)
                db.executemany(
                    "INSERT OR REPLACE INTO facts (name, picture_id, text, folded, number) "
                    "VALUES (?, ?, ?, ?, ?)",
                    [(name, i, v.text, v.text.casefold(), v.number) for i, v in new],
                )
                changed = changed or bool(gone or new)
            if changed:
                bump(db, "live")

    def facts(self, ids: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Value]]:
        found: dict[str, dict[str, Value]] = {}
        with self.connection() as db:
            for picture_id, name, text, number in db.execute(
                "SELECT picture_id, name, text, number FROM facts WHERE name IN "
                "(SELECT value FROM json_each(?)) AND picture_id IN "
                "(SELECT value FROM json_each(?))",
                # Ids come from visitors too: what is none is not found, whatever it is.
                (json.dumps(columns), json.dumps([i for i in ids if i.isascii()])),
            ):
                found.setdefault(picture_id, {})[name] = Value(text, number)
        return found

    def fact_rows(self, column: str) -> list[tuple[str, str, float | None]]:
        """(picture id, text, number) of every picture that a column says something of."""
        with self.connection() as db:
            return db.execute(
                "SELECT picture_id, text, number FROM facts WHERE name = ?", (column,)
            ).fetchall()


def add_own_facts(
    db: sqlite3.Connection, facts: Mapping[str, Mapping[str, str]], *, overwrite: bool = True
) -> bool:
    """Add to what is kept; True if that changed. overwrite: also over what is there."""
    changed = False
    for picture_id, told in facts.items():
        row = db.execute("SELECT facts FROM pictures WHERE id = ?", (picture_id,)).fetchone()
        before = json.loads(row[0]) if row and row[0] else {}
        after = merged(before, told) if overwrite else {**told, **before}
        if row and after != before:
            kept = json.dumps(after, ensure_ascii=False) if after else None
            db.execute("UPDATE pictures SET facts = ? WHERE id = ?", (kept, picture_id))
            changed = True
    return changed
