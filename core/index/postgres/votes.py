"""The table of votes: which of two models answered a query better."""

from __future__ import annotations

from core.index.postgres.connections import Connections
from core.model import Vote


class Votes(Connections):
    """The votes of `core.index.port.Index`."""

    def add_vote(self, vote: Vote) -> None:
        models = (vote.better, vote.other)
        with self.writing() as db:
            # Two who vote at once must not leave two votes.
            db.execute("LOCK TABLE schema.votes IN SHARE ROW EXCLUSIVE MODE")
            db.execute(
                "DELETE FROM schema.votes WHERE md5(query) = md5(%s) "
                "AND better IN (%s, %s) AND other IN (%s, %s)",
                (vote.query, *models, *models),
            )
            db.execute(
                "INSERT INTO schema.votes (query, better, other, voted) VALUES (%s, %s, %s, %s)",
                (vote.query, *models, vote.voted),
            )

    def votes(self) -> list[Vote]:
        with self.reading() as db:
            rows = db.execute(
                "SELECT query, better, other, voted FROM schema.votes ORDER BY voted DESC, query"
            )
            return [Vote(*row) for row in rows]
