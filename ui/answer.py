"""What both search pages show of a query: how it was read, the problems, the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import CapReached, EmbedderError, EmbedderUnavailable, PictureError, QueryError
from core.model import Scope
from core.search import Part, Ranking, Relevance, Term, of_the_collection, print_text
from core.workspace import Workspace
from ui.brought import brought
from ui.calls import price_tag
from ui.exactness import wants_exact
from ui.filters import asked_order, order_in_words
from ui.paying import agree, agreed
from ui.query import is_plain, read_terms, write_terms
from ui.query_parts import show_parts
from ui.results import show_pages, show_ranking
from ui.strictness import chosen_strictness
from ui.vocabulary_notice import say_how_it_was_read


@dataclass(frozen=True, eq=False)
class Answered:
    """What a query found. parts: the vectors of its terms, in their order."""

    parts: Sequence[Part]
    ranking: Ranking
    relevance: Relevance | None


def asked_for(workspace: Workspace) -> list[Term]:
    """The parts of the address that can be asked for; of the others a sentence is shown."""
    try:
        written = read_terms(workspace)
    except QueryError as error:
        st.warning(str(error), icon=":material/search_off:")
        return []
    found = workspace.asking.readable(written.terms, brought())
    for problem in (*written.problems, *found.problems):
        st.warning(problem, icon=":material/broken_image:")
    return list(found.terms)


def show_answer(
    workspace: Workspace, terms: Sequence[Term], scope: Scope, hint: str
) -> Ranking | None:
    """The ranking of the query; without a query all pictures, with the hint above them.

    Returns the ranking; None where there is none.
    """
    if not terms:
        st.caption(hint)
        order = asked_order(workspace)
        if order is not None:
            st.caption(f"Sorted by {order_in_words(workspace, order)}.")
        show_pages(workspace, workspace.browse(scope, order), key=f"all-{hash(scope)}-{order}")
        return None
    if not is_plain(terms):
        show_parts(workspace, terms)
    found = answered(workspace, terms, scope)
    if found is None:
        return None
    key, title = f"{terms}-{hash(scope)}", print_text(terms)
    show_ranking(workspace, found.ranking, key, found.relevance, title, terms)
    return found.ranking


def answered(workspace: Workspace, terms: Sequence[Term], scope: Scope) -> Answered | None:
    """What a query finds; None, and a sentence or the price, where it is not answered."""
    if not _agreed_to_pay(workspace, terms):
        return None
    try:
        parts = workspace.asking.parts_of(terms, brought())
        leave_out = of_the_collection(terms, brought())
        ranking = workspace.search(parts, scope, leave_out=leave_out, exact=wants_exact())
    except (EmbedderError, PictureError, QueryError) as error:
        st.warning(str(error), icon=":material/search_off:")
        if isinstance(error, CapReached | EmbedderUnavailable):
            # Pressing Enter on the same words again is no change, which draws nothing.
            st.button("Try again", key="try-again", icon=":material/refresh:")
        return None
    texts = " ".join(term.text for term in terms if term.text)
    if texts:
        say_how_it_was_read(workspace, texts)
    relevance = workspace.words.standing_out(terms, parts, ranking, chosen_strictness())
    return Answered(parts, ranking, relevance)


def _agreed_to_pay(workspace: Workspace, terms: Sequence[Term]) -> bool:
    """True if no part of a picture costs a call, or else once the person has pressed a button.

    A text is typed, and with that asked for; a part of a picture may come with a link.
    """
    calls = workspace.asking.region_calls(terms)
    what = "this part" if calls == 1 else "these parts"
    label = f"Search {what} of the picture · {price_tag(workspace, calls)}"
    # Two models side by side are two prices.
    return not calls or agreed(
        _regions(workspace, terms), label, key=f"pay-{workspace.embedder.id}"
    )


def agree_to(workspace: Workspace, terms: Sequence[Term]) -> None:
    """Ask for these parts, whose price was said where they were chosen."""
    agree(_regions(workspace, terms))
    write_terms(terms)


def _regions(workspace: Workspace, terms: Sequence[Term]) -> str:
    regions = [(term.picture_id, term.region) for term in terms if term.region]
    return f"{workspace.embedder.id} {regions}"
