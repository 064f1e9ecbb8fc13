"""The picture that is searched for: uploaded, pasted, photographed, linked, or of the collection.

The source used last counts. What was asked for stays in the session, so that no rerun asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.elements.widgets.chat import ChatInputValue

from core.errors import EmbedderError, LinkError, PictureError
from core.pictures import EXTENSIONS, check, payload
from core.sources import check_public, fetch
from core.vectors import Vector
from core.workspace import Workspace
from ui.address import write_address
from ui.wall import thumbnail

KEY = "query-picture"

# Extensions, not "image": a MIME entry switches the server's own check off.
TYPES = sorted(extension.removeprefix(".") for extension in EXTENSIONS)


@dataclass(frozen=True)
class QueryPicture:
    """What is searched for. `shown` is what st.image draws, None for a link: shown as text."""

    title: str
    vector: Vector
    key: str
    shown: str | bytes | None = None
    picture_id: str = ""  # of the collection
    note: str = ""


def chosen_picture() -> QueryPicture | str | None:
    """The picture asked for last; a sentence where it could not be used."""
    return st.session_state.get(KEY)


def follow_id(workspace: Workspace) -> None:
    """Take the picture named by `?id=`, when the address changed to it."""
    picture_id = st.query_params.get("id", "")
    if st.session_state.get("address-id", "") == picture_id:
        return
    st.session_state["address-id"] = picture_id
    if not picture_id:
        st.session_state[KEY] = None
        return
    # Looked up, never joined to a path: the address is a visitor's.
    picture = workspace.picture(picture_id)
    vector = workspace.queries.picture(picture_id) if picture else None
    if picture is None:
        st.session_state[KEY] = "There is no such picture in the collection (any more)."
    elif vector is None:
        st.session_state[KEY] = "This picture has not been indexed yet."
    else:
        st.session_state[KEY] = QueryPicture(
            title=picture.name,
            vector=vector,
            key=picture_id,
            shown=thumbnail(workspace, picture_id),
            picture_id=picture_id,
        )


def ask_for_picture(workspace: Workspace) -> None:
    """The ways to bring a picture; each forgets the others."""
    upload, paste, camera, link = st.tabs(
        [
            ":material/upload: Upload",
            ":material/content_paste: Paste",
            ":material/photo_camera: Camera",
            ":material/link: Link",
        ]
    )
    with upload:
        st.file_uploader(
            "A picture to search with",
            type=TYPES,
            key="upload",
            on_change=lambda: _take_file(workspace, st.session_state["upload"]),
        )
    with paste:
        st.chat_input(
            "Click here, then paste a picture or a link",
            accept_file=True,
            file_type=TYPES,
            key="paste",
            on_submit=lambda: _take_paste(workspace, st.session_state["paste"]),
        )
    with camera:
        if st.toggle("Use the camera", key="camera-on"):
            st.camera_input(
                "Take a picture",
                key="camera",
                label_visibility="collapsed",
                on_change=lambda: _take_file(workspace, st.session_state["camera"]),
            )
    with link:
        st.text_input(
            "Address of a picture",
            type="url",
            key="link",
            placeholder="https://…",
            on_change=lambda: _take_link(workspace, st.session_state["link"]),
        )
        if workspace.embedder.takes_links:
            st.caption(f"{workspace.embedder.label} fetches it from there.")
        else:
            st.caption("Fetched by this server, from public https addresses only.")


def _take_file(
    workspace: Workspace, file: st.runtime.uploaded_file_manager.UploadedFile | None
) -> None:
    if file is not None:
        _take(lambda: _from_bytes(workspace, file.getvalue(), file.name))


def _take_paste(workspace: Workspace, value: ChatInputValue) -> None:
    if value.files:
        _take_file(workspace, value.files[0])
    elif value.text:
        _take_link(workspace, value.text)


def _take_link(workspace: Workspace, url: str) -> None:
    url = url.strip()
    if url:
        _take(lambda: _from_link(workspace, url))


def _take(read: Callable[[], QueryPicture]) -> None:
    write_address("id", "")
    try:
        st.session_state[KEY] = read()
    except (PictureError, LinkError, EmbedderError) as error:
        st.session_state[KEY] = str(error)


def _from_bytes(workspace: Workspace, data: bytes, name: str) -> QueryPicture:
    checked = check(data, name)
    sent = payload(data, checked, workspace.embedder.limits)
    vector = workspace.queries.image(checked.id, sent.data)
    return QueryPicture(name, vector, checked.id, shown=checked.thumbnail, note=checked.note)


def _from_link(workspace: Workspace, url: str) -> QueryPicture:
    if not workspace.embedder.takes_links:
        return _from_bytes(workspace, fetch(url), "")
    check_public(url)
    known: dict[str, Vector] = st.session_state.setdefault("links", {})
    if url not in known:
        known[url] = workspace.queries.link(url)
    return QueryPicture(url, known[url], url)
