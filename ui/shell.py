"""The frame of every page: title, who answers, how much is indexed, what is wrong."""

from __future__ import annotations

import streamlit as st

from core.workspace import Workspace
from ui.style import apply_style

# A run is looked at this often; faster polls lose media files.
POLL_SECONDS = 1.0


def page_frame(space: Workspace, title: str) -> None:
    apply_style()
    st.title(title, anchor=False)
    status_line(space)
    for problem in space.problems:
        st.warning(problem, icon=":material/error:")


def status_line(space: Workspace) -> None:
    """Polls only while a run is on; its end reruns the page once, for the new results."""
    running = space.indexer.progress().running
    st.fragment(_status, run_every=POLL_SECONDS if running else None)(space, running)


def _status(space: Workspace, was_running: bool) -> None:
    status = space.status()
    progress = status.progress
    if was_running and not progress.running:
        st.rerun()
    words = f"{space.embedder.label} answers · Indexed {status.indexed:,} of {status.total:,}"
    if progress.state == "scanning" and progress.total:
        words += f" · reading files, {progress.done:,} of {progress.total:,}"
    elif progress.state == "indexing" and progress.rate:
        words += f" · {progress.rate:.1f} a second"
    st.caption(words)
