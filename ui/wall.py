"""A grid of pictures: what was found, or what is there."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import streamlit as st

from core.errors import PictureError
from core.model import Hit, Picture
from core.pictures import display
from core.search import Result
from core.workspace import Workspace
from ui.comparison import add_picture

PER_PAGE = 24

Marks: TypeAlias = dict[str, tuple[float, bool]]
"""By picture id: how far it stands out, 0 to 1, and whether it lies above the line."""

_wall = st.components.v2.component(
    "wall",
    html="<div class='wall'></div>",
    css=Path(__file__).with_name("wall.css").read_text("utf-8"),
    js=Path(__file__).with_name("wall.js").read_text("utf-8"),
    isolate_styles=False,
)


def thumbnail(workspace: Workspace, picture_id: str) -> str | bytes:
    """What st.image draws: a static address (the browser caches it), else the bytes."""
    if workspace.thumbnail_file(picture_id) is not None:
        return f"/app/static/thumbs/{picture_id}.jpg"
    return workspace.thumbnail(picture_id)


def address(workspace: Workspace, picture_id: str) -> str:
    """What a chart, a table or the wall draws: the static file, or the data where there is none.

    Relative: a host may serve the app below a path of its own, and rewrites only st.image's.
    """
    source = thumbnail(workspace, picture_id)
    return source.removeprefix("/") if isinstance(source, str) else _inline(source)


def _inline(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


@st.fragment
def wall(
    workspace: Workspace, results: Sequence[Result], key: str, marks: Marks | None = None
) -> None:
    """Pictures with their names, cosines and what can be done with them.

    marks: how far each picture stands out, by id; where there is a line, it is drawn before the
    first that does not.
    """
    shown = {result.picture.id: result for result in results}
    payload = [_card(workspace, result, marks or {}) for result in results]
    with st.container(key=f"wall-{key}"):
        event = _wall(
            key=f"wall-of-{key}",
            # As bytes: values of their own would each be held against pandas' types first.
            data=json.dumps(payload).encode(),
            on_view_change=_rerun,
            on_compare_change=_rerun,
        )
    # What a browser asks for is believed only if it was shown.
    if event.view in shown:
        larger(workspace, shown[event.view].picture, shown[event.view].hit)
    if event.compare in shown:
        st.toast(add_picture(event.compare))


def _rerun() -> None:
    """With a callback, even one that does nothing, a trigger is always there to be read."""


def _card(
    workspace: Workspace, result: Result, marks: Marks
) -> dict[str, str | float | bool | None]:
    """A picture as wall.js draws it. One that waits for its vector can only be viewed."""
    picture = result.picture
    prominence, stands_out = marks.get(picture.id, (None, True))
    return {
        "id": picture.id,
        "name": picture.name,
        "source": _source(workspace, picture.id),
        "cosine": f"{result.hit.cosine:.4f}" if result.hit is not None else None,
        "more": f"image_search?id={picture.id}" if result.searchable else None,
        "prominence": None if prominence is None else round(prominence, 3),
        "standsOut": stands_out,
    }


def _source(workspace: Workspace, picture_id: str) -> str:
    """The thumbnail itself when this session sees it first, afterwards its static address.

    24 requests for files take longer than all else in a search. wall.js keeps what it was sent;
    where it has it no more, the address serves.
    """
    sent: set[str] = st.session_state.setdefault("thumbnails-sent", set())
    if picture_id in sent:
        return address(workspace, picture_id)
    sent.add(picture_id)
    return _inline(workspace.thumbnail(picture_id))


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
def larger(workspace: Workspace, picture: Picture, hit: Hit | None) -> None:
    """The original, upright, and what is known of it."""
    data = workspace.original(picture)
    try:
        shown = display(data) if data is not None else workspace.thumbnail(picture.id)
    except PictureError as error:
        st.warning(str(error))
        shown = workspace.thumbnail(picture.id)
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
        if workspace.was_altered(picture.id):
            st.caption("Embedded from a copy, as the file itself is not taken by the model.")
        for path in picture.paths:
            st.text(path)
        with st.container(horizontal=True, vertical_alignment="center"):
            more_like_this(picture.id)
            if st.button("Compare", key="compare-larger", icon=":material/add_circle:"):
                st.toast(add_picture(picture.id))
