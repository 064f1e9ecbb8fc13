"""The map as the page shows it: the controls, what is said of it, the map and what is beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.explore import DrawnMap
from core.model import Scope
from core.search import MOST_IN_ADDRESS, parse_ids, print_ids
from core.vectors import Vector
from core.workspace import Workspace
from ui.address import write_address
from ui.collection_map import Axes, NamedRegion, QueryPoint, TextPoint, View, collection_map
from ui.explorer_map import arrangements, panel, regions
from ui.explorer_map.axes import choose_ends
from ui.explorer_map.colouring import Colouring, choose_column, colouring
from ui.explorer_map.query import Asked, asked, query_box, query_point, say_what_is_lit
from ui.filters import filtered
from ui.scope import choose_scope
from ui.selection import drawn_elsewhere, selected
from ui.within import Groups, groups_of

# More words than this on a map hide each other.
WORDS_SHOWN = 40


@dataclass(frozen=True, eq=False)
class Shown:
    """Everything that the map shows beside its pictures."""

    groups: Groups | None
    regions: Sequence[NamedRegion]
    question: Asked | None
    query: QueryPoint | None
    lit: Sequence[str] | None
    texts: Sequence[TextPoint]
    axes: Axes | None
    colouring: Colouring | None


def map_view(workspace: Workspace) -> None:
    """The collection on a plane, and what is at hand beside it."""
    _follow_selection()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = arrangements.choose_arrangement()
        has_groups = kind in (arrangements.LIKENESS, arrangements.PLANE)
        of = regions.choose_number() if has_groups else regions.NONE
        query_box(workspace)
        scope = choose_scope(workspace)
        column = choose_column(workspace, scope)
    scope = filtered(workspace, scope)
    question = asked(workspace, scope)
    arrangement = arrangements.arrangement_of(workspace, scope) if has_groups else None
    axes, words = None, _words(workspace, question) if kind == arrangements.KINDS else []
    if kind == arrangements.WORDS:
        ends = choose_ends(workspace)
        if ends is None:
            return
        told, axes = arrangements.between_words(workspace, scope, ends), ends.labels()
    elif kind == arrangements.KINDS:
        told = arrangements.texts_and_pictures(workspace, scope, words)
    elif kind == arrangements.PLANE:
        told = arrangements.plane(workspace, scope)
    else:
        told = arrangements.likeness_or_plane(workspace, scope, arrangement)
    drawn = told.drawn
    if len(drawn.points) < 2:
        st.caption("A map needs at least two pictures.")
        return
    st.caption(told.words)
    # As many as fit are found along with the layout.
    there = of > 0 or (of == regions.AUTOMATIC and arrangement is not None)
    groups = groups_of(workspace, scope, of) if there else None
    point = None
    if question is not None:
        if kind in (arrangements.LIKENESS, arrangements.PLANE):
            point = query_point(drawn, question)
        say_what_is_lit(question, None if point is None else drawn.projection is not None)
    shown = Shown(
        groups=groups,
        # Two things in colours at once would be neither.
        regions=regions.regions_of(drawn, groups) if groups is not None and not column else (),
        question=question,
        query=point,
        lit=question.found[: question.lit] if question is not None else None,
        texts=[
            TextPoint(text, x, y)
            for (text, _), (x, y) in zip(words, drawn.texts.tolist(), strict=False)
        ],
        axes=axes,
        colouring=colouring(workspace, column, drawn) if column is not None else None,
    )
    _map(workspace, drawn, scope, shown, of)


@st.fragment
def _map(workspace: Workspace, drawn: DrawnMap, scope: Scope, shown: Shown, of: int) -> None:
    _keep_address()
    drawn_elsewhere()
    left, right = st.columns([5, 2], gap="medium")
    with left:
        event = collection_map(
            "map",
            drawn.files,
            regions=shown.regions,
            query=shown.query,
            lit=shown.lit,
            texts=shown.texts,
            axes=shown.axes,
            colours=shown.colouring.colours if shown.colouring is not None else None,
            selected=selected(),
            view=_view_of(drawn),
        )
    if event is not None:
        if event.view is not None:
            st.session_state["map-view"] = drawn.files.points, event.view
        if event.selected is not None:
            _select(event.selected, event.found)
        elif event.region is not None:
            panel.show_beside(panel.GROUP, event.region)
        elif event.clicked is not None:
            panel.show_beside(panel.PICTURE, event.clicked)
    with right, st.container(key="beside-map"):
        panel.beside(workspace, drawn, scope, shown.groups, of, shown.question, shown.colouring)


def _view_of(drawn: DrawnMap) -> View | None:
    """Where this map was left by this session; None for a map that it has not moved."""
    points, view = st.session_state.get("map-view", ("", None))
    return view if points == drawn.files.points else None


def _select(ids: Sequence[str], found: int) -> None:
    st.session_state["selected"] = list(ids)
    drawn_elsewhere()
    if found > len(ids):
        st.toast(f"{found:,} pictures lie there; the first {len(ids)} of them are selected.")
    panel.show_beside(panel.SELECTION)
    write_address("selected", _written(ids))


def _written(ids: Sequence[str]) -> str:
    return print_ids(ids) if len(ids) <= MOST_IN_ADDRESS else ""


def _keep_address() -> None:
    """Where the address names a selection that was changed since beside the map, name the new."""
    written = st.query_params.get("selected", "")
    if written and written != _written(selected()):
        write_address("selected", _written(selected()))


def _follow_selection() -> None:
    """Take in the selection of an address that changed by itself: a link, or Back."""
    written = st.query_params.get("selected", "")
    if st.session_state.get("address-selected", "") == written:
        return
    st.session_state["address-selected"] = written
    st.session_state["selected"] = list(parse_ids(written))
    panel.show_beside(panel.SELECTION)


def _words(workspace: Workspace, question: Asked | None) -> list[tuple[str, Vector]]:
    """The texts beside the pictures: the query if it is one, and words that cost no call."""
    shown = [(question.title, question.vector)] if question is not None and question.is_text else []
    known = workspace.words.known_words()
    if known is not None:
        step = max(1, -(-len(known.words) // WORDS_SHOWN))
        pairs = zip(known.words[::step], known.vectors[::step], strict=True)
        shown += [(word, vector) for word, vector in pairs]
    return shown
