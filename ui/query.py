"""The query in the address: what both search pages ask, and how a part is added to it.

`q` holds the texts, `pic` the pictures, and `id` one picture alone, as "More like this" writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import QueryError
from core.search import MOST_PARTS, Readable, Term, parse_pictures, print_address
from core.workspace import Workspace

NAMES = ("q", "pic", "id")


def read_terms(workspace: Workspace) -> Readable:
    """The parts of the query that the address names; see `terms_in`."""
    return terms_in(workspace, st.query_params)


def terms_in(workspace: Workspace, parameters: Mapping[str, str]) -> Readable:
    """The parts of the query that these parameters of an address name: texts, then pictures.

    Raises QueryError where these are too many.
    """
    pictures = parse_pictures(parameters.get("pic", ""))
    alone = parameters.get("id", "")
    terms = workspace.asking.read_text(parameters.get("q", ""))
    terms += [Term(picture_id=alone)] if alone else []
    terms += pictures.terms
    if len(terms) > MOST_PARTS:
        raise QueryError(
            f"A query has at most {MOST_PARTS} parts, and these are {len(terms)}. Remove some."
        )
    return Readable(tuple(terms), pictures.problems)


def is_plain(terms: Sequence[Term]) -> bool:
    """True for one text or one whole picture that counts for: nothing about it needs a word."""
    return len(terms) == 1 and terms[0].weight == 1 and terms[0].region is None


def write_terms(terms: Sequence[Term]) -> None:
    """Ask for these parts on this page: what else the address holds stays.

    All at once, so that one step Back undoes it.
    """
    kept = {name: value for name, value in st.query_params.items() if name not in NAMES}
    alone = is_plain(terms) and terms[0].picture_id
    asked = {"id": terms[0].picture_id} if alone else print_address(terms)
    st.query_params.from_dict({**kept, **asked})


def add_term(workspace: Workspace, term: Term) -> None:
    """Add a part to the query of this page. Raises QueryError where that makes too many."""
    terms = read_terms(workspace).terms
    if len(terms) >= MOST_PARTS:
        raise QueryError(f"A query has at most {MOST_PARTS} parts. Remove one first.")
    write_terms([*terms, term])
