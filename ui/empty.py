"""What the page says while there is nothing to search."""

from __future__ import annotations

import streamlit as st

from core.workspace import Workspace


def nothing_to_search(space: Workspace) -> bool:
    """True, and drawn, if no picture has a vector yet: what to press, or what to wait for."""
    status = space.status()
    if status.indexed or len(space.matrix()):
        return False
    if status.progress.running:
        st.info("The first pictures are being indexed …", icon=":material/hourglass_top:")
    elif space.settings.read_only:
        st.info("There are no pictures here yet.", icon=":material/photo_library:")
    elif status.total:
        st.info(
            f"{status.total:,} pictures are waiting. {space.embedder.label} is paid per call, so "
            "nothing is sent before you say so.",
            icon=":material/database:",
        )
        st.page_link("pages/indexing.py", label="Go to Indexing and press “Start indexing”")
    else:
        st.info(
            "There are no pictures yet: drop some into the images folder, upload them, or take "
            "the bundled gallery.",
            icon=":material/photo_library:",
        )
        st.page_link("pages/indexing.py", label="Go to Indexing")
    return True
