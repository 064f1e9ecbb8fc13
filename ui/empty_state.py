"""What the page says while there is nothing to search."""

from __future__ import annotations

import streamlit as st

from core.model import EVERYTHING
from core.workspace import Workspace
from ui.numbers import count
from ui.polling import poll, redraw
from ui.results import show_pages
from ui.visitor import visitor


def nothing_to_search(workspace: Workspace) -> bool:
    """True, and drawn, if no picture has a vector yet: what to press, or what to wait for."""
    if workspace.can_search():
        return False
    status = workspace.status()
    if status.progress.running and not workspace.embedder.paid:
        st.info("The first pictures are being indexed …", icon=":material/hourglass_top:")
        poll(_until_some_are_there, True)(workspace)
    elif not visitor(workspace).may_manage:
        st.info("There are no pictures to search here yet.", icon=":material/photo_library:")
    elif status.total:
        pictures = count(status.total, "picture")
        verb = "waits" if status.total == 1 else "wait"
        if workspace.embedder.paid:
            next_step = (
                f"Calls to {workspace.embedder.label} are paid, so none is made before you press "
                "“Start indexing” on the page Indexing."
            )
        else:
            next_step = "Press “Start indexing” on the page Indexing."
        st.info(f"{pictures} {verb} for a vector. {next_step}", icon=":material/database:")
        _go("Go to Indexing")
    else:
        st.info(
            "No pictures of yours yet. Drop some into the images folder, upload them, or index "
            "the bundled gallery: all on the page Indexing.",
            icon=":material/photo_library:",
        )
        _go("Go to Indexing")
    waiting = workspace.browse(workspace.wanted())
    show_pages(workspace, waiting if len(waiting) else workspace.browse(EVERYTHING), key="waiting")
    return True


def _until_some_are_there(workspace: Workspace) -> None:
    if workspace.can_search():
        redraw()


def _go(label: str) -> None:
    if st.button(label, type="primary", icon=":material/arrow_forward:"):
        st.switch_page("pages/indexing.py")
