"""A grid of pictures: what was found, or what is there."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.errors import PictureError
from core.model import Hit, Picture, Scope
from core.pictures import display
from core.workspace import Workspace
from ui.comparison import add_picture

PER_PAGE = 24

_wall = st.components.v2.component(
    "wall",
    html="<div class='wall'></div>",
    css=Path(__file__).with_name("wall.css").read_text("utf-8"),
    js=Path(__file__).with_name("wall.js").read_text("utf-8"),
    isolate_styles=False,
)


def thumbnail(space: Workspace, picture_id: str) -> str | bytes:
    """What st.image draws: a static address (the browser caches it), else the bytes."""
    if space.thumbnail_file(picture_id) is not None:
        return f"/app/static/thumbs/{picture_id}.jpg"
    return space.store.thumbnail(picture_id) or b""


def address(space: Workspace, picture_id: str) -> str:
    """What a chart, a table or the wall draws: the static file, or the data where there is none.

    Relative: a host may serve the app below a path of its own, and rewrites only st.image's.
    """
    source = thumbnail(space, picture_id)
    return source.removeprefix("/") if isinstance(source, str) else _inline(source)


def _inline(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


@st.fragment
def wall(
    space: Workspace, hits: Sequence[Hit], scope: Scope, key: str, scored: bool = True
) -> None:
    """Pictures with their names, cosines and what can be done with them."""
    pictures = space.store.pictures([hit.picture_id for hit in hits], scope)
    shown = {hit.picture_id: hit for hit in hits if hit.picture_id in pictures}
    has_vector = space.matrix().row_of
    told = [_told(space, pictures[i], shown[i], scored, i in has_vector) for i in shown]
    with st.container(key=f"wall-{key}"):
        asked = _wall(
            key=f"wall-of-{key}",
            # As bytes: values of their own would each be held against pandas' types first.
            data=json.dumps(told).encode(),
            on_view_change=_rerun,
            on_compare_change=_rerun,
        )
    # What a browser asks for is believed only if it was shown.
    if asked.view in shown:
        larger(space, pictures[asked.view], shown[asked.view] if scored else None)
    if asked.compare in shown:
        st.toast(add_picture(asked.compare))


def _rerun() -> None:
    """With a callback, even one that does nothing, a trigger is always there to be read."""


def _told(
    space: Workspace, picture: Picture, hit: Hit, scored: bool, has_vector: bool
) -> dict[str, str | None]:
    """A picture as wall.js hangs it. One that waits for its vector can only be viewed."""
    return {
        "id": picture.id,
        "name": picture.name,
        "source": _source(space, picture.id),
        "cosine": f"{hit.cosine:.4f}" if scored else None,
        "more": f"image_search?id={picture.id}" if has_vector else None,
    }


def _source(space: Workspace, picture_id: str) -> str:
    """The thumbnail itself when this session sees it first, afterwards its static address.

    24 requests for files take longer than all else in a search. wall.js keeps what it was sent;
    where it has it no more, the address serves.
    """
    sent: set[str] = st.session_state.setdefault("thumbnails-sent", set())
    if picture_id in sent:
        return address(space, picture_id)
    sent.add(picture_id)
    return _inline(space.store.thumbnail(picture_id) or b"")


def more_like_this(picture_id: str) -> None:
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
            query_params={"id": picture_id},
        )


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
            more_like_this(picture.id)
            if st.button("Compare", key="compare-larger", icon=":material/add_circle:"):
                st.toast(add_picture(picture.id))
