"""Searching: what a query is, its vector, and the ranking that it gives."""

from core.index import KeptSearches
from core.search.answer import Answer
from core.search.balance import balanced
from core.search.bank import Bank
from core.search.duplicate_finder import DuplicateFinder
from core.search.duplicates import Duplicates, duplicates_csv, duplicates_within
from core.search.export import MOST_TAKEN_ALONG, Told, harmless, to_csv, written_parts
from core.search.export_page import Sheet, to_page
from core.search.export_zip import MOST_ZIP_BYTES, write_zip
from core.search.filters import (
    ReadFilters,
    in_words,
    number_as_text,
    parse_filters,
    print_filters,
)
from core.search.history import LONGEST_ADDRESS, Asked, remember
from core.search.known import Known
from core.search.learning import Learning, LearningState
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
from core.search.relevance import FEWEST_PICTURES, Relevance
from core.search.session_searches import SessionSearches
from core.search.standing_out import AskedText, StandingOut
from core.search.two_models import agreement, votes_csv
from core.search.why import (
    found,
    main_reason,
    nearer_than,
)
from core.search.within import MOST_IN_ADDRESS, parse_ids, print_ids

__all__ = [
    "FEWEST_PICTURES",
    "LARGEST_WEIGHT",
    "LONGEST_ADDRESS",
    "MOST_IN_ADDRESS",
    "MOST_PARTS",
    "MOST_TAKEN_ALONG",
    "MOST_ZIP_BYTES",
    "SMALLEST_WEIGHT",
    "Answer",
    "Asked",
    "AskedText",
    "Bank",
    "Brought",
    "BroughtPicture",
    "DuplicateFinder",
    "Duplicates",
    "KeptSearches",
    "Known",
    "Learning",
    "LearningState",
    "Listing",
    "Part",
    "QueryVectors",
    "Ranking",
    "ReadFilters",
    "Readable",
    "Relevance",
    "Result",
    "Results",
    "SessionSearches",
    "Sheet",
    "StandingOut",
    "Term",
    "Told",
    "agreement",
    "balanced",
    "combine",
    "duplicates_csv",
    "duplicates_within",
    "found",
    "harmless",
    "in_words",
    "main_reason",
    "nearer_than",
    "number_as_text",
    "of_the_collection",
    "parse_filters",
    "parse_ids",
    "parse_pictures",
    "parse_text",
    "print_address",
    "print_filters",
    "print_ids",
    "print_text",
    "query_key",
    "remember",
    "search",
    "to_csv",
    "to_page",
    "votes_csv",
    "write_zip",
    "written_parts",
]
