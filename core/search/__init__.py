"""Searching: what a query is, its vector, and the ranking that it gives."""

from core.search.query import Part, combine, query_key
from core.search.query_vectors import QueryVectors
from core.search.ranking import Listing, Ranking, Result, Results, search

__all__ = [
    "Listing",
    "Part",
    "QueryVectors",
    "Ranking",
    "Result",
    "Results",
    "combine",
    "query_key",
    "search",
]
