"""The larger view of a picture: the original, upright, what is known of it, and why it is there."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import PictureError
from core.pictures import display
from core.search import Answer, Result
from core.workspace import Workspace
from ui.add_to_query import add_picture_to_query
from ui.alike import files, kilobytes
from ui.comparison import add_picture
from ui.dialog import dialog
from ui.filters import filters_asked
from ui.picture_words import picture_words
from ui.why import hold_against, why

# Characters of a column's name and value of which some fit into a line.
SHORT = 30


@dialog("Picture")
def larger(
    workspace: Workspace, result: Result, answer: Answer | None, shown: Sequence[Result]
) -> None:
    """answer: the query that the picture answers; None where nothing was asked.
    shown: the results of the same page, which it can be held against.
    """
    picture, hit = result.picture, result.hit
    data = workspace.original(picture)
    try:
        image = display(data) if data is not None else workspace.thumbnail(picture.id)
    except PictureError as error:
        st.warning(str(error))
        image = workspace.thumbnail(picture.id)
    left, right = st.columns([3, 2], gap="medium")
    if image:
        left.image(image, alt=picture.name, width="stretch")
    with right, st.container(key="facts-larger", gap="small"):
        st.text(picture.name)
        if hit is not None:
            st.metric(f"Cosine similarity · rank {hit.rank:,}", f"{hit.cosine:.4f}")
            if answer is not None:
                why(workspace, answer, hit)
        st.caption(
            f"{picture.width:,} × {picture.height:,} pixels · {picture.format} · "
            f"{kilobytes(picture)}"
        )
        if data is None:
            st.caption("The original is not here; this is the thumbnail kept in the index.")
        if picture.note:
            st.caption(picture.note)
        if workspace.was_altered(picture.id):
            st.caption("Embedded from a copy, as the file itself is not taken by the model.")
        files(picture)
        _known(workspace, picture.id)
        if result.searchable:
            picture_words(workspace, picture.id)
        with st.container(horizontal=True, vertical_alignment="center"):
            _more_like_this(picture.id)
            if answer is not None:
                _add_to_query(workspace, picture.id)
            if st.button("Compare", key="compare-larger", icon=":material/add_circle:"):
                st.toast(add_picture(picture.id))
    if answer is not None and hit is not None:
        hold_against(workspace, answer, result, shown)


def _known(workspace: Workspace, picture_id: str) -> None:
    """What is known of the picture: what is short in one line, all else in lines of its own."""
    told = workspace.known.told([picture_id], workspace.known.columns()).get(picture_id, {})
    said = [f"{name}: {text}" for name, text in told.items()]
    short = [one for one in said if len(one) <= SHORT]
    with st.container(gap=None):
        for line in (" · ".join(short), *(one for one in said if len(one) > SHORT)):
            if line:
                # st.text: names and values are whoever's the files are.
                st.text(line)


def _more_like_this(picture_id: str) -> None:
    """Search with this picture; the browser's Back then finds the search it came from."""
    if (st.context.url or "").rstrip("/").endswith("/image_search"):
        # A link from a page to itself runs it but leaves the address as it was.
        if st.button("More like this", key="more-larger", type="tertiary"):
            st.query_params["id"] = picture_id
            st.rerun()
    else:
        st.page_link(
            "pages/image_search.py",
            label="More like this",
            icon="",
            query_params={"id": picture_id, **filters_asked()},
        )


def _add_to_query(workspace: Workspace, picture_id: str) -> None:
    if st.button("Add", key="add-larger", help="Search for this picture too"):
        add_picture_to_query(workspace, picture_id, 1)
    if st.button("Less like this", key="less-larger", help="Search away from this picture"):
        add_picture_to_query(workspace, picture_id, -1)
