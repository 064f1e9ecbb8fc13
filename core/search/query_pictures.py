"""The pictures of a query: of the collection, or brought by a visitor; whole, or a part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.search.query_form import Term
from core.vectors import Vector


@dataclass(frozen=True, eq=False)
class BroughtPicture:
    """A picture that a visitor brought, and that only the visitor's own session has.

    id: SHA-256 of its bytes or, of one that the service fetched itself, of its address.
    embedder_id: who gave the vector. data: its file; empty where the service fetched it.
    thumbnail: JPEG, or empty likewise. note: a sentence for the person, or "".
    """

    id: str
    name: str
    vector: Vector
    embedder_id: str
    data: bytes
    thumbnail: bytes
    note: str


Brought = Mapping[str, BroughtPicture]
"""What a session's visitor brought, by id."""


def of_the_collection(terms: Sequence[Term], brought: Brought) -> list[str]:
    """The ids of the collection's own pictures among the parts, each once."""
    ids = (term.picture_id for term in terms if term.picture_id)
    return list(dict.fromkeys(i for i in ids if i not in brought))
