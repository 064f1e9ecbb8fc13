"""What stands beside the map: the groups, or the picture, the group or the selection at hand."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.explore import DrawnMap
from core.model import Scope
from core.search import MOST_PARTS, Result, Term, print_address
from core.story import EXPLORER, IMAGE_SEARCH, TEXT_SEARCH
from core.workspace import Workspace
from ui.comparison import add_picture, table_pictures
from ui.explorer_map.axes import NAMES, put_at_end
from ui.explorer_map.colouring import Colouring, show_legend
from ui.explorer_map.query import Asked
from ui.explorer_map.regions import list_of_groups, search_within
from ui.links import link
from ui.literal import literal
from ui.numbers import count
from ui.picture_words import picture_words
from ui.results import show_pages
from ui.selection import selected
from ui.wall import wall
from ui.within import Groups, of_group, of_selection

KEY = "map-beside"
PICTURE, GROUP, SELECTION = "picture", "group", "selection"


def show_beside(kind: str, what: str | int = "") -> None:
    """Show this beside the map from now on."""
    st.session_state[KEY] = kind, what


def beside(
    workspace: Workspace,
    drawn: DrawnMap,
    scope: Scope,
    groups: Groups | None,
    of: int,
    question: Asked | None,
    colouring: Colouring | None,
) -> None:
    """of: how many groups were asked for. question: what was asked on the map. colouring: the
    column that colours it."""
    kind, what = st.session_state.get(KEY, ("", ""))
    if kind == SELECTION and selected():
        _selection(workspace, question)
    elif kind == PICTURE and what in drawn.files.rows:
        _picture(workspace, str(what), scope)
    elif kind == GROUP and groups is not None and int(what) < len(groups.names):
        _group(workspace, groups, int(what), of)
    elif colouring is not None:
        show_legend(workspace, colouring)
    elif groups is not None:
        list_of_groups(workspace, groups, of)
    else:
        st.caption("Click a picture, or draw around some with the tools at the edge of the map.")


def _back(label: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{label}**", width="content")
        st.space("stretch")
        if st.button("Close", key="beside-close", type="tertiary", icon=":material/close:"):
            st.session_state.pop(KEY, None)
            st.rerun(scope="fragment")


def _picture(workspace: Workspace, picture_id: str, scope: Scope) -> None:
    _back("The picture")
    picture = workspace.picture(picture_id, scope)
    if picture is None:
        st.caption("This picture was deleted meanwhile.")
        return
    wall(workspace, [Result(picture, None, searchable=True)], key="picked")
    picture_words(workspace, picture_id)
    with st.popover("Use at the end of an axis", type="tertiary"):
        for name in NAMES:
            if st.button(name.capitalize(), key=f"end-{name}"):
                put_at_end(name, picture_id, workspace)
                st.query_params["map"] = "words"
                st.rerun()


def _group(workspace: Workspace, groups: Groups, number: int, of: int) -> None:
    ids = groups.clusters.members(number)
    _back(literal(groups.names[number], 40))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(count(len(ids), "picture"), width="content")
        link(
            "Search within",
            TEXT_SEARCH,
            search_within(of_group(number, of)),
            key="within-group",
            here=EXPLORER,
            type="primary",
        )
    listing = workspace.browse(Scope(only=frozenset(ids)))
    show_pages(workspace, listing, key=f"map-group-{of}-{number}")


def _selection(workspace: Workspace, question: Asked | None) -> None:
    ids = selected()
    listing = workspace.browse(Scope(only=frozenset(ids)))
    _back(f"{count(len(ids), 'picture')} selected")
    if len(listing) < len(ids):
        gone = len(ids) - len(listing)
        verb = "is" if gone == 1 else "are"
        st.caption(f"{gone:,} of them {verb} not in the collection (any more).")
    if not len(listing):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        link(
            "Search within",
            TEXT_SEARCH,
            search_within(of_selection(ids)),
            key="within-selection",
            here=EXPLORER,
            type="primary",
        )
        terms = question.terms if question is not None else ()
        pictures = [Term(picture_id=one) for one in ids]
        link(
            "Add to the search" if terms else "Find more like these",
            IMAGE_SEARCH,
            print_address([*terms, *pictures][:MOST_PARTS]),
            key="like-selection",
            here=EXPLORER,
        )
        if st.button("Compare", key="compare-selection", icon=":material/add_circle:"):
            _compare(ids)
    show_pages(workspace, listing, key="map-selection")


def _compare(ids: Sequence[str]) -> None:
    before = len(table_pictures())
    for one in ids:
        said = add_picture(one)
    added = len(table_pictures()) - before
    if 0 < added < len(ids):
        said = f"{added} of {len(ids)} put on the explorer's table, which is full."
    st.toast(said)
