"""A grid of pictures: what was found, or what is there."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.pictures import PictureError, display
from core.search import Hit
from core.store import Picture, Scope
from core.workspace import Workspace
from ui.table import add_picture

PER_PAGE = 24

# Six pictures in a row on a wide screen, two on a phone.
COLUMNS = 6
COLUMN_PIXELS = 160


def thumbnail(space: Workspace, picture_id: str) -> str | bytes:
    """What st.image draws: a static address (the browser caches it), else the bytes."""
    if space.thumbnail_file(picture_id) is not None:
        return f"/app/static/thumbs/{picture_id}.jpg"
    return space.store.thumbnail(picture_id) or b""


@st.fragment
def wall(
    space: Workspace, hits: Sequence[Hit], scope: Scope, key: str, scored: bool = True
) -> None:
    """Pictures with their names, cosines and what can be done with them."""
    pictures = space.store.pictures([hit.picture_id for hit in hits], scope)
    shown = [(hit, pictures[hit.picture_id]) for hit in hits if hit.picture_id in pictures]
    with st.container(key=f"wall-{key}"):
        grid = st.grid(COLUMNS, min_column_width=COLUMN_PIXELS, gap=(24, 16))
        for hit, picture in shown:
            with grid.cell():
                _cell(space, hit, picture, scored)


def _cell(space: Workspace, hit: Hit, picture: Picture, scored: bool) -> None:
    st.image(thumbnail(space, picture.id), alt=picture.name, width="stretch")
    # st.text: a file name is never Markdown.
    name = one_line(picture.name)
    st.text(f"{name}\n{hit.cosine:.4f}" if scored else name)
    with st.container(horizontal=True, vertical_alignment="center"):
        more_like_this(picture.id, f"more-{picture.id}")
        if st.button("View", key=f"view-{picture.id}", type="tertiary"):
            larger(space, picture, hit if scored else None)
        if st.button("Compare", key=f"compare-{picture.id}", type="tertiary"):
            st.toast(add_picture(picture.id))


def more_like_this(picture_id: str, key: str) -> None:
    """Search with this picture; the browser's Back then finds the search it came from."""
    if (st.context.url or "").rstrip("/").endswith("/image_search"):
        # A link from a page to itself runs it but leaves the address as it was.
        if st.button("More like this", key=key, type="tertiary"):
            st.query_params["id"] = picture_id
            st.rerun()
    else:
        st.page_link(
            "pages/image_search.py",
            label="More like this",
            icon="",
            query_params={"id": picture_id},
        )


def one_line(name: str) -> str:
    """A file name may hold line breaks; the wall has one line for it."""
    return " ".join(name.split())


@st.dialog("Picture", width="large")
def larger(space: Workspace, picture: Picture, hit: Hit | None) -> None:
    """The original, upright, and what is known of it."""
    data = space.original(picture)
    try:
        shown = display(data) if data is not None else space.store.thumbnail(picture.id)
    except PictureError as error:
        st.warning(str(error))
        shown = space.store.thumbnail(picture.id)
    left, right = st.columns([3, 2], gap="medium")
    if shown:
        left.image(shown, alt=picture.name, width="stretch")
    with right, st.container(key="facts-larger"):
        st.text(picture.name)
        if hit is not None:
            st.metric(f"Cosine similarity · rank {hit.rank:,}", f"{hit.cosine:.4f}")
        kilobytes = f"{picture.bytes / 1000:,.0f} kB"
        st.caption(
            f"{picture.width:,} × {picture.height:,} pixels · {picture.format} · {kilobytes}"
        )
        if data is None:
            st.caption("The original is not here; this is the thumbnail kept in the index.")
        if picture.note:
            st.caption(picture.note)
        if space.store.was_altered(space.embedder.id, picture.id):
            st.caption("Scaled down before it was embedded.")
        for path in picture.paths:
            st.text(path)
        with st.container(horizontal=True, vertical_alignment="center"):
            more_like_this(picture.id, "more-larger")
            if st.button("Compare", key="compare-larger", icon=":material/add_circle:"):
                st.toast(add_picture(picture.id))
