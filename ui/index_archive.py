"""Take the index along as one file, and bring one in."""

from __future__ import annotations

import io

import streamlit as st

from core.errors import ArchiveError, IndexUnavailable
from core.workspace import Workspace
from ui.numbers import count
from ui.visitor import manage

# Some 30,000 pictures with their thumbnails; it lives in the server's memory while it is read.
MOST_INDEX_MB = 500


def index_archive(workspace: Workspace) -> None:
    """The expander with both ways."""
    running = workspace.progress().running
    with st.expander("Take the index along", key="take-along", icon=":material/move_down:"):
        st.caption(
            "One file with vectors, ids, names and thumbnails: for another machine, or committed "
            "under seed/ for a host whose disk forgets."
        )
        st.download_button(
            "Download index",
            lambda: _exported(workspace),
            file_name="index.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            # The end of a run draws the page anew; a click just then would miss its file.
            disabled=running,
            help="Ready when the run is over." if running else None,
        )
        # A callback: the numbers at the top of the page then count what was imported.
        st.file_uploader(
            "Import index",
            type=["zip"],
            key="import",
            max_upload_size=MOST_INDEX_MB,
            on_change=lambda: _import(workspace),
        )
        taken = st.session_state.pop("imported", None)
        if isinstance(taken, int):
            st.success(f"{count(taken, 'picture')} imported.", icon=":material/check:")
        elif taken is not None:
            st.error(taken, icon=":material/error:")


def _import(workspace: Workspace) -> None:
    file = st.session_state["import"]
    if file is not None:
        try:
            st.session_state["imported"] = manage(workspace).import_index(file)
        except (ArchiveError, IndexUnavailable) as error:
            st.session_state["imported"] = str(error)


def _exported(workspace: Workspace) -> io.BytesIO:
    target = io.BytesIO()
    manage(workspace).export_index(target)
    target.seek(0)
    return target
