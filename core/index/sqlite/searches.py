"""The tables of saved searches and of the history."""

from __future__ import annotations

import sqlite3

from core.index.names import free_name
from core.index.port import HISTORY_KEPT
from core.index.sqlite.connections import Connections
from core.model import SavedSearch


class Searches(Connections):
    """What `core.index.port.KeptSearches` promises."""

    def saved_searches(self) -> list[SavedSearch]:
        """All of them, the one saved last first."""
        with self.connection() as db:
            rows = db.execute(
                "SELECT name, address, embedder_id, face, saved FROM saved_searches "
                "ORDER BY saved DESC, name"
            ).fetchall()
        return [SavedSearch(n, a, e, tuple(face.split()), saved) for n, a, e, face, saved in rows]

    def save_search(self, search: SavedSearch) -> str:
        """Keep a search; returns its name, which gets a number where it is taken."""
        with self.writing() as db:
            name = free_name(search.name, _names(db))
            db.execute(
                "INSERT INTO saved_searches (name, address, embedder_id, face, saved) "
                "VALUES (?, ?, ?, ?, ?)",
                (name, search.address, search.embedder_id, " ".join(search.face), search.saved),
            )
        return name

    def rename_search(self, name: str, wanted: str) -> str:
        """Returns the new name, which gets a number where it is taken; "" if there is none such."""
        with self.writing() as db:
            new = free_name(wanted, _names(db) - {name})
            changed = db.execute("UPDATE saved_searches SET name = ? WHERE name = ?", (new, name))
            return new if changed.rowcount else ""

    def delete_search(self, name: str) -> None:
        with self.connection() as db:
            db.execute("DELETE FROM saved_searches WHERE name = ?", (name,))

    def history(self) -> list[str]:
        """The last HISTORY_KEPT addresses that were asked, the last first, each once."""
        with self.connection() as db:
            rows = db.execute("SELECT address FROM history ORDER BY asked DESC, address")
            return [address for (address,) in rows]

    def add_to_history(self, address: str, asked: float, instead_of: str = "") -> bool:
        """Put an address to the top; True if it was not in the history before.

        asked: seconds since 1970. instead_of: an address that is forgotten for it.
        """
        with self.writing() as db:
            db.execute("DELETE FROM history WHERE address = ?", (instead_of,))
            known = db.execute("DELETE FROM history WHERE address = ?", (address,)).rowcount
            db.execute("INSERT INTO history (address, asked) VALUES (?, ?)", (address, asked))
            db.execute(
                "DELETE FROM history WHERE address IN (SELECT address FROM history "
                "ORDER BY asked DESC, address LIMIT -1 OFFSET ?)",
                (HISTORY_KEPT,),
            )
        return not known

    def clear_history(self) -> None:
        with self.connection() as db:
            db.execute("DELETE FROM history")


def _names(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM saved_searches")}
