"""The tables of saved searches and of the history."""

from __future__ import annotations

from core.index.names import free_name
from core.index.port import HISTORY_KEPT
from core.index.postgres.connections import Connections
from core.index.postgres.session import Session
from core.model import SavedSearch


class Searches(Connections):
    """What `core.index.port.KeptSearches` promises."""

    def saved_searches(self) -> list[SavedSearch]:
        with self.reading() as db:
            rows = db.execute(
                "SELECT name, address, embedder_id, face, saved FROM schema.saved_searches "
                "ORDER BY saved DESC, name"
            )
            return [SavedSearch(n, a, e, tuple(face.split()), s) for n, a, e, face, s in rows]

    def save_search(self, search: SavedSearch) -> str:
        with self.writing() as db:
            name = free_name(search.name, _names(db))
            db.execute(
                "INSERT INTO schema.saved_searches (name, address, embedder_id, face, saved) "
                "VALUES (%s, %s, %s, %s, %s)",
                (name, search.address, search.embedder_id, " ".join(search.face), search.saved),
            )
        return name

    def rename_search(self, name: str, wanted: str) -> str:
        with self.writing() as db:
            new = free_name(wanted, _names(db) - {name})
            changed = db.execute(
                "UPDATE schema.saved_searches SET name = %s WHERE md5(name) = md5(%s)", (new, name)
            )
            return new if changed.rowcount else ""

    def delete_search(self, name: str) -> None:
        with self.writing() as db:
            db.execute("DELETE FROM schema.saved_searches WHERE md5(name) = md5(%s)", (name,))

    def history(self) -> list[str]:
        with self.reading() as db:
            rows = db.execute("SELECT address FROM schema.history ORDER BY asked DESC, address")
            return [address for (address,) in rows]

    def add_to_history(self, address: str, asked: float, instead_of: str = "") -> bool:
        with self.writing() as db:
            db.execute("DELETE FROM schema.history WHERE md5(address) = md5(%s)", (instead_of,))
            known = db.execute(
                "DELETE FROM schema.history WHERE md5(address) = md5(%s)", (address,)
            ).rowcount
            db.execute(
                "INSERT INTO schema.history (address, asked) VALUES (%s, %s)", (address, asked)
            )
            db.execute(
                "DELETE FROM schema.history WHERE ctid IN (SELECT ctid FROM schema.history "
                "ORDER BY asked DESC, address OFFSET %s)",
                (HISTORY_KEPT,),
            )
        return not known

    def clear_history(self) -> None:
        with self.writing() as db:
            db.execute("DELETE FROM schema.history")


def _names(db: Session) -> set[str]:
    # Two who save at once must not take the same name.
    db.execute("LOCK TABLE schema.saved_searches IN SHARE ROW EXCLUSIVE MODE")
    return {name for (name,) in db.execute("SELECT name FROM schema.saved_searches")}
