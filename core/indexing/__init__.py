"""Indexing: scan the folders, plan what is left, and run it in the background."""

from core.indexing.away import away, forget_away, forget_below
from core.indexing.facts import FoundFacts, found_facts
from core.indexing.job import PLACES, Indexer
from core.indexing.progress import Progress

__all__ = [
    "PLACES",
    "FoundFacts",
    "Indexer",
    "Progress",
    "away",
    "forget_away",
    "forget_below",
    "found_facts",
]
