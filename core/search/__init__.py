"""Searching: what a query is, its vector, and the ranking that it gives."""

from core.search.answer import Answer
from core.search.balance import balanced
from core.search.query import Part, combine, query_key
from core.search.query_form import (
    LARGEST_WEIGHT,
    MOST_PARTS,
    SMALLEST_WEIGHT,
    Readable,
    Term,
    parse_pictures,
    parse_text,
    print_address,
    print_text,
)
from core.search.query_pictures import Brought, BroughtPicture, of_the_collection
from core.search.query_vectors import QueryVectors
from core.search.ranking import Listing, Ranking, Result, Results, search
from core.search.relevance import Relevance
from core.search.standing_out import StandingOut
from core.search.why import (
    found,
    main_reason,
    nearer_than,
)

__all__ = [
    "LARGEST_WEIGHT",
    "MOST_PARTS",
    "SMALLEST_WEIGHT",
    "Answer",
    "Brought",
    "BroughtPicture",
    "Listing",
    "Part",
    "QueryVectors",
    "Ranking",
    "Readable",
    "Relevance",
    "Result",
    "Results",
    "StandingOut",
    "Term",
    "balanced",
    "combine",
    "found",
    "main_reason",
    "nearer_than",
    "of_the_collection",
    "parse_pictures",
    "parse_text",
    "print_address",
    "print_text",
    "query_key",
    "search",
]
