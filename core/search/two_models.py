"""Two models side by side: how far their rankings agree, and the votes for the better one."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from core.model import Vote
from core.search.export import harmless
from core.search.ranking import Ranking

# As many as are seen at a glance; recall@10 is the usual measure of two rankings, too.
COMPARED = 10


def agreement(one: Ranking, other: Ranking) -> tuple[int, int]:
    """(how many of the first COMPARED pictures both rankings share, how many were compared).

    Fewer are compared where a ranking is shorter.
    """
    compared = min(COMPARED, len(one), len(other))
    first, second = ({hit.picture_id for hit in r.hits[:compared]} for r in (one, other))
    return len(first & second), compared


def votes_csv(votes: Sequence[Vote]) -> str:
    """query,better,other,voted for every vote, the time in UTC, as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["query", "better", "other", "voted"])
    for vote in votes:
        at = datetime.fromtimestamp(vote.voted, UTC).isoformat(timespec="seconds")
        rows.writerow([harmless(vote.query), vote.better, vote.other, at])
    return text.getvalue()
