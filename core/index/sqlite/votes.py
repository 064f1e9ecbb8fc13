"""The table of votes: which of two models answered a query better."""

from __future__ import annotations

from core.index.sqlite.connections import Connections
from core.model import Vote


class Votes(Connections):
    """The votes of `core.index.port.Index`."""

    def add_vote(self, vote: Vote) -> None:
        models = (vote.better, vote.other)
        with self.writing() as db:
            db.execute(
                "DELETE FROM votes WHERE query = ? AND better IN (?, ?) AND other IN (?, ?)",
                (vote.query, *models, *models),
            )
            db.execute(
                "INSERT INTO votes (query, better, other, voted) VALUES (?, ?, ?, ?)",
                (vote.query, *models, vote.voted),
            )

    def votes(self) -> list[Vote]:
        with self.connection() as db:
            rows = db.execute(
                "SELECT query, better, other, voted FROM votes ORDER BY voted DESC, query"
            ).fetchall()
        return [Vote(*row) for row in rows]
