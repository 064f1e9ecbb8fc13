"""The frame of every page: title, who answers, how much is indexed, what is wrong."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.workspace import Workspace
from ui.calls import this_month
from ui.literal import literal
from ui.local_clip import clip_download
from ui.polling import page_drawn, poll, redraw
from ui.resources import reopen_workspace
from ui.sign_in import account
from ui.story import story_strip
from ui.style import apply_style
from ui.visitor import visitor

LOGO = Path(__file__).with_name("logo.svg")


def just_opened(title: str) -> bool:
    """True before the frame of a page that this session has come to, not on its reruns."""
    return bool(st.session_state.get("page-opened") != title)


def page_frame(workspace: Workspace, title: str, counted: bool = True) -> None:
    """counted: say here how much is indexed (Indexing says it in its own words)."""
    st.session_state["page-opened"] = title
    page_drawn()
    apply_style()
    st.logo(LOGO, size="large")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.title(title, anchor=False, width="content")
        status_line(workspace, counted)
        account(workspace.settings)
    if workspace.clip_setup is not None:
        clip_download(workspace, workspace.clip_setup, reopen_workspace)
    for problem in workspace.problems:
        st.warning(problem, icon=":material/error:")
    story_strip(workspace)


def status_line(workspace: Workspace, counted: bool) -> None:
    """Polls only while a run is on; its end reruns the page once, for the new results."""
    running = workspace.progress().running
    if running:
        poll(_status, running, width="content")(workspace, counted, running)
        return
    # A fragment costs as much as what it draws, and here there is nothing to press.
    with st.container(width="content"):
        _status(workspace, counted, running)


def _status(workspace: Workspace, counted: bool, was_running: bool) -> None:
    status = workspace.status()
    progress = status.progress
    if was_running and not progress.running:
        redraw()
    words = f"{workspace.embedder.label} answers"
    # The name of a server is nobody's but the owner's.
    if workspace.index_place and visitor(workspace).may_manage:
        words += f" · index in {literal(workspace.index_place, 80)}"
    if counted:
        words += f" · Indexed {status.indexed:,} of {status.total:,}"
        if progress.state == "scanning" and progress.total:
            words += f" · reading files, {progress.done:,} of {progress.total:,}"
        elif progress.state == "indexing" and progress.rate:
            words += f" · {progress.rate:.1f} a second"
    if used := this_month(workspace):
        words += f" · {used}"
    st.caption(words, width="content")
