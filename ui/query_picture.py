"""The ways to bring a picture: uploaded, pasted, photographed, linked."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.elements.widgets.chat import ChatInputValue

from core.errors import EmbedderError, LinkError, PictureError, QueryError
from core.pictures import EXTENSIONS
from core.search import BroughtPicture
from core.workspace import Workspace
from ui.brought import brought, keep_brought

# Extensions, not "image": a MIME entry switches the server's own check off.
TYPES = sorted(extension.removeprefix(".") for extension in EXTENSIONS)

Take = Callable[[BroughtPicture], None]


def bring_picture(workspace: Workspace, take: Take, key: str = "") -> None:
    """The ways to bring a picture, and a sentence where it could not be used.

    take: called with the picture, before the page is drawn anew. key: sets these ways apart from
    others on the same page.
    """
    upload, paste, camera, link = st.tabs(
        [
            ":material/upload: Upload",
            ":material/content_paste: Paste",
            ":material/photo_camera: Camera",
            ":material/link: Link",
        ]
    )
    ways = Ways(workspace, take, key)
    with upload:
        st.file_uploader(
            "A picture to search with",
            type=TYPES,
            key=f"{key}upload",
            on_change=lambda: ways.file(st.session_state[f"{key}upload"]),
        )
    with paste:
        st.chat_input(
            "Click here, then paste a picture or a link",
            accept_file=True,
            file_type=TYPES,
            key=f"{key}paste",
            on_submit=lambda: ways.paste(st.session_state[f"{key}paste"]),
        )
    with camera:
        if st.toggle("Use the camera", key=f"{key}camera-on"):
            st.camera_input(
                "Take a picture",
                key=f"{key}camera",
                label_visibility="collapsed",
                on_change=lambda: ways.file(st.session_state[f"{key}camera"]),
            )
    with link:
        st.text_input(
            "Address of a picture",
            type="url",
            key=f"{key}link",
            placeholder="https://…",
            on_change=lambda: ways.link(st.session_state[f"{key}link"]),
        )
        if workspace.embedder.takes_links:
            st.caption(f"{workspace.embedder.label} fetches it from there.")
        else:
            st.caption("Fetched by this server, from public https addresses only.")
    trouble = st.session_state.pop(f"{key}trouble", "")
    if trouble:
        st.warning(trouble, icon=":material/broken_image:")


class Ways:
    """What happens when a picture comes in, by whichever way."""

    def __init__(self, workspace: Workspace, take: Take, key: str) -> None:
        self._workspace = workspace
        self._take = take
        self._trouble = f"{key}trouble"

    def file(self, file: st.runtime.uploaded_file_manager.UploadedFile | None) -> None:
        if file is not None:
            self._bring(lambda: self._workspace.asking.bring(file.getvalue(), file.name))

    def paste(self, value: ChatInputValue) -> None:
        if value.files:
            self.file(value.files[0])
        elif value.text:
            self.link(value.text)

    def link(self, url: str) -> None:
        url = url.strip()
        known = next((p for p in brought().values() if p.name == url and not p.data), None)
        if known is not None:  # the service fetched it before, and was paid for it
            self._bring(lambda: known)
        elif url:
            self._bring(lambda: self._workspace.asking.bring_link(url))

    def _bring(self, read: Callable[[], BroughtPicture]) -> None:
        try:
            picture = read()
            keep_brought(picture)
            self._take(picture)
        except (PictureError, LinkError, EmbedderError, QueryError) as error:
            st.session_state[self._trouble] = str(error)
