"""Searching: what a query is, its vector, and the ranking that it gives."""

from core.search.balance import balanced
from core.search.query import Part, combine, query_key
from core.search.query_form import (
    LARGEST_WEIGHT,
    SMALLEST_WEIGHT,
    Term,
    parse_address,
    parse_text,
    print_address,
    print_text,
)
from core.search.query_vectors import QueryVectors
from core.search.ranking import Listing, Ranking, Result, Results, search
from core.search.relevance import Relevance
from core.search.standing_out import StandingOut

__all__ = [
    "LARGEST_WEIGHT",
    "SMALLEST_WEIGHT",
    "Listing",
    "Part",
    "QueryVectors",
    "Ranking",
    "Relevance",
    "Result",
    "Results",
    "StandingOut",
    "Term",
    "balanced",
    "combine",
    "parse_address",
    "parse_text",
    "print_address",
    "print_text",
    "query_key",
    "search",
]
