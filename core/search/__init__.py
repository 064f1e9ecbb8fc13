"""Searching: what a query is, its vector, and the ranking that it gives."""

from core.search.query import Part, combine, query_key
from core.search.query_vectors import QueryVectors
from core.search.ranking import search

__all__ = ["Part", "QueryVectors", "combine", "query_key", "search"]
