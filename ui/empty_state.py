"""What the page says while there is nothing to search."""

from __future__ import annotations

import streamlit as st

from core.model import Hit, Scope
from core.workspace import Workspace
from ui.polling import poll, redraw
from ui.results import show_pages
from ui.wording import count


def nothing_to_search(space: Workspace) -> bool:
    """True, and drawn, if no picture has a vector yet: what to press, or what to wait for."""
    if len(space.matrix()):
        return False
    status = space.status()
    if status.progress.running and not space.embedder.paid:
        st.info("The first pictures are being indexed …", icon=":material/hourglass_top:")
        poll(_until_some_are_there, True)(space)
    elif space.settings.read_only:
        st.info("There are no pictures to search here yet.", icon=":material/photo_library:")
    elif status.total:
        waiting = count(status.total, "picture")
        verb = "waits" if status.total == 1 else "wait"
        if space.embedder.paid:
            next_step = (
                f"Calls to {space.embedder.label} are paid, so none is made before you press "
                "“Start indexing” on the page Indexing."
            )
        else:
            next_step = "Press “Start indexing” on the page Indexing."
        st.info(f"{waiting} {verb} for a vector. {next_step}", icon=":material/database:")
        _go("Go to Indexing")
    else:
        st.info(
            "No pictures of yours yet. Drop some into the images folder, upload them, or index "
            "the bundled gallery: all on the page Indexing.",
            icon=":material/photo_library:",
        )
        _go("Go to Indexing")
    ids = space.store.ids(space.wanted()) or space.store.ids(Scope())
    show_pages(space, [Hit(i, 0.0, 0, ()) for i in ids], Scope(), key="waiting", scored=False)
    return True


def _until_some_are_there(space: Workspace) -> None:
    if len(space.matrix()):
        redraw()


def _go(label: str) -> None:
    if st.button(label, type="primary", icon=":material/arrow_forward:"):
        st.switch_page("pages/indexing.py")
