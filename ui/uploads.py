"""Add pictures of one's own to the collection, and take them out again."""

from __future__ import annotations

import streamlit as st

from core.errors import PictureError, UploadFailed
from core.model import UPLOADS
from core.workspace import Workspace
from ui.query_picture import TYPES
from ui.visitor import manage

# Uploads live in the server's memory until they are written.
MOST_FILES = 50


def uploads(workspace: Workspace) -> None:
    with st.expander("Add your own pictures", key="own-pictures", icon=":material/upload:"):
        st.caption(
            "Dropped here, or into the images folder at any depth. Uploads stay on this server "
            "until you delete them."
        )
        with st.form("uploads", clear_on_submit=True, border=False):
            st.file_uploader("Pictures", type=TYPES, accept_multiple_files=True, key="new-uploads")
            # A callback: the page then begins with the scan on, and follows it.
            st.form_submit_button(
                "Add to the collection", icon=":material/add:", on_click=lambda: _keep(workspace)
            )
        # Kept until the next attempt: the end of the scan reruns the page.
        for sentence in st.session_state.get("upload-refused", ()):
            # st.text: the name is a visitor's.
            st.text(sentence)
        _delete(workspace)


def _keep(workspace: Workspace) -> None:
    files = st.session_state["new-uploads"]
    refused = st.session_state["upload-refused"] = []
    if len(files) > MOST_FILES:
        refused.append(f"At most {MOST_FILES} files at a time: the first {MOST_FILES} were taken.")
    kept = 0
    for file in files[:MOST_FILES]:
        try:
            manage(workspace).origins.add_upload(file.name, file.getvalue())
            kept += 1
        except (PictureError, UploadFailed) as error:
            refused.append(f"{file.name}: {error}")
    if kept:
        manage(workspace).rescan()
        st.toast(f"{kept} added.")


def _delete(workspace: Workspace) -> None:
    known = workspace.origins.uploads()
    if not known:
        return
    chosen = st.multiselect(
        "Delete uploads", known, format_func=lambda p: p.removeprefix(UPLOADS), key="delete-uploads"
    )
    if chosen and st.button(f"Delete {len(chosen)}", icon=":material/delete:"):
        try:
            manage(workspace).origins.remove_uploads(chosen)
        except UploadFailed as error:
            st.session_state["upload-refused"] = [str(error)]
        del st.session_state["delete-uploads"]
        st.rerun()
