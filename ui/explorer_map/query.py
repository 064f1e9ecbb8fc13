"""A query on the map: where it lies, what it finds, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.explore import DrawnMap
from core.model import Scope
from core.search import Term, combine, query_key, written_parts
from core.story import EXPLORER, IMAGE_SEARCH, TEXT_SEARCH
from core.vectors import Vector
from core.workspace import Workspace
from ui.address import follow_address, write_address
from ui.answer import answered, asked_for
from ui.brought import name_of
from ui.collection_map import QueryPoint
from ui.links import link
from ui.query import NAMES
from ui.scope import NAME as SCOPE

# A map of a very large collection does not hold every picture; its nearest are among these.
LONGEST = 200
# Lines to more pictures are a bundle.
JOINED = 10
# Where it is not known what stands out, as many are lit as a page of results shows.
LIT = 24


@dataclass(frozen=True, eq=False)
class Asked:
    """A query and what it found.

    vector: of the whole query. found: ids, best first. lit: how many of these are shown as found.
    stand_out: whether these are the ones that stand out; None where that cannot be told.
    """

    terms: tuple[Term, ...]
    title: str
    vector: Vector
    found: tuple[str, ...]
    lit: int
    stand_out: bool | None

    @property
    def is_text(self) -> bool:
        return all(term.text for term in self.terms)


def query_box(workspace: Workspace) -> None:
    start = follow_address("q", "map-query")
    st.text_input(
        "Find on the map",
        value=start,
        key="map-query",
        type="search",
        placeholder="a blue house",
        live=not workspace.embedder.paid,
        on_change=lambda: write_address("q", query_key(st.session_state["map-query"])),
        width=200,  # beside the groups on a phone
    )


def asked(workspace: Workspace, scope: Scope) -> Asked | None:
    """The query of the address, answered; None where there is none, or no answer."""
    terms = asked_for(workspace)
    found = answered(workspace, terms, scope) if terms else None
    if found is None:
        return None
    ranking, relevance = found.ranking, found.relevance
    hits = ranking.hits
    lit, stand_out = LIT, None
    if relevance is not None and relevance.line is not None:
        hits = ranking.first(relevance.order.tolist()).hits
        stand_out = relevance.count > 0
        lit = relevance.count or JOINED
    title, _ = written_parts(terms, [name_of(workspace, term) for term in terms])
    ids = tuple(hit.picture_id for hit in hits)
    return Asked(tuple(terms), title, combine(found.parts), ids, lit, stand_out)


def query_point(drawn: DrawnMap, asked: Asked) -> QueryPoint | None:
    """Where the query lies, and the lines to its nearest; None where the map has no place."""
    number = min(JOINED, asked.lit) if asked.stand_out else JOINED
    joined = [i for i in asked.found[:LONGEST] if i in drawn.files.rows][:number]
    place = drawn.place(asked.vector, joined)
    return QueryPoint(asked.title, *place, tuple(joined)) if place is not None else None


def say_what_is_lit(asked: Asked, exact: bool | None) -> None:
    """exact: whether the query's place follows from its vector alone; None where it has none."""
    number = min(asked.lit, len(asked.found))
    place = {
        True: " Its point lies where the plane has it.",
        False: " Its point stands among its nearest.",
        None: "",
    }[exact]
    with st.container(horizontal=True, vertical_alignment="center"):
        # st.text: the query is a visitor's.
        if asked.stand_out is None:
            st.text(f"“{asked.title}”: the nearest {number} are lit.{place}", width="content")
        elif asked.stand_out:
            verb = "stands out and is" if number == 1 else "stand out and are"
            st.text(f"“{asked.title}”: {number:,} {verb} lit.{place}", width="content")
        else:
            st.text(
                f"Nothing here stands out for “{asked.title}”; the nearest are lit.{place}",
                width="content",
            )
        _ways_on(asked.terms)


def _ways_on(terms: Sequence[Term]) -> None:
    page = TEXT_SEARCH if all(term.text for term in terms) else IMAGE_SEARCH
    kept = {name: st.query_params[name] for name in (*NAMES, SCOPE) if name in st.query_params}
    link("Results", page, kept, key="map-results", here=EXPLORER)
    st.button("Clear", key="map-clear", type="tertiary", on_click=_clear)


def _clear() -> None:
    st.query_params.from_dict(
        {name: value for name, value in st.query_params.items() if name not in NAMES}
    )
