"""A query and what it found, together: what explains a result needs both."""

from __future__ import annotations

from dataclasses import dataclass

from core.search.query_form import Term
from core.search.ranking import Ranking


@dataclass(frozen=True, eq=False)
class Answer:
    """The parts of a query as they are written, and the ranking that they gave.

    The shares of the ranking's hits are in the order of the terms.
    """

    terms: tuple[Term, ...]
    ranking: Ranking
