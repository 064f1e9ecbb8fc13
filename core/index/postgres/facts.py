"""The tables of what is known of pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from core.index.facts import merged
from core.index.postgres.connections import Connections, state_of
from core.index.postgres.loading import load
from core.index.postgres.session import Session
from core.model import Value

COLUMNS = (
    ("name", "text"),
    ("picture_id", "text"),
    ("text", "text"),
    ("folded", "text"),
    ("number", "double precision"),
)


class Facts(Connections):
    """What `core.index.port.KnownFacts` promises."""

    def add_own_facts(self, facts: Mapping[str, Mapping[str, str]]) -> None:
        with self.writing() as db:
            if add_own_facts(db, facts):
                db.bump("own_facts")

    def own_facts(self) -> dict[str, dict[str, str]]:
        with self.snapshot() as db:
            rows = db.execute("SELECT id, facts FROM schema.pictures WHERE facts IS NOT NULL")
            return {picture_id: json.loads(facts) for picture_id, facts in rows}

    def own_facts_state(self) -> int:
        with self.reading() as db:
            return state_of(db, "own_facts")

    def set_facts(self, facts: Mapping[str, Mapping[str, Value]]) -> None:
        with self.writing() as db:
            known = [name for (name,) in db.execute("SELECT DISTINCT name FROM schema.facts")]
            # One column after the other: all of a large collection would be much to hold twice.
            for name in dict.fromkeys((*known, *facts)):
                before = {
                    picture_id: Value(text, number)
                    for picture_id, text, number in db.execute(
                        "SELECT picture_id, text, number FROM schema.facts WHERE name = %s", (name,)
                    )
                }
                now = facts.get(name, {})
                gone = [picture_id for picture_id in before if picture_id not in now]
                new = sorted(i for i, value in now.items() if before.get(i) != value)
                if gone:
                    db.execute(
                        "DELETE FROM schema.facts WHERE name = %s AND picture_id = ANY(%s)",
                        (name, gone),
                    )
                load(
                    db,
                    "facts",
                    COLUMNS,
                    [(name, i, now[i].text, now[i].text.casefold(), now[i].number) for i in new],
                    "(name, picture_id) DO UPDATE SET text = excluded.text, "
                    "folded = excluded.folded, number = excluded.number",
                )
                if gone or new:
                    db.bump("live")

    def facts(self, ids: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Value]]:
        found: dict[str, dict[str, Value]] = {}
        with self.reading() as db:
            for picture_id, name, text, number in db.execute(
                "SELECT picture_id, name, text, number FROM schema.facts "
                "WHERE name = ANY(%s) AND picture_id = ANY(%s)",
                # Ids come from visitors too: what is none is not found, whatever it is.
                (list(columns), [i for i in ids if i.isascii()]),
            ):
                found.setdefault(picture_id, {})[name] = Value(text, number)
        return found

    def fact_rows(self, column: str) -> list[tuple[str, str, float | None]]:
        """(picture id, text, number) of every picture that a column says something of."""
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT picture_id, text, number FROM schema.facts WHERE name = %s", (column,)
            )
            return [(picture_id, text, number) for picture_id, text, number in rows]


def add_own_facts(
    db: Session, facts: Mapping[str, Mapping[str, str]], *, overwrite: bool = True
) -> bool:
    """Add to what is kept; True if that changed. overwrite: also over what is there."""
    # In one order, so that two who write wait for each other in one direction only.
    rows = db.execute(
        "SELECT id, facts FROM schema.pictures WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
        (list(facts),),
    ).fetchall()
    changed = []
    for picture_id, kept in rows:
        before, told = json.loads(kept or "{}"), facts[picture_id]
        after = merged(before, told) if overwrite else {**told, **before}
        if after != before:
            changed.append((json.dumps(after, ensure_ascii=False) if after else None, picture_id))
    db.executemany("UPDATE schema.pictures SET facts = %s WHERE id = %s", changed)
    return bool(changed)
