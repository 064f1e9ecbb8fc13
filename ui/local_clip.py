"""The weights of a local CLIP on their way to this machine: how far, and a way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core.workspace import Workspace
from ui.polling import poll, redraw
from ui.visitor import manage, visitor

if TYPE_CHECKING:
    from core.embedders import ClipSetup


def clip_download(workspace: Workspace, setup: ClipSetup, reopen: Callable[[], None]) -> None:
    """Drawn only where a download can help; `reopen` takes the weights into use.

    The download begins by itself, because the settings ask for it. Its buttons are for those who
    may manage the showcase; everybody sees how far it is.
    """
    if setup.state().phase == "missing":
        setup.start()
    state = setup.state()
    moving = state.phase == "downloading"
    if moving or state.can_start:
        poll(_bar, moving)(workspace, setup, reopen, moving)


def _bar(
    workspace: Workspace, setup: ClipSetup, reopen: Callable[[], None], was_moving: bool
) -> None:
    state = setup.state()
    if was_moving and state.phase == "ready":
        reopen()
    if was_moving != (state.phase == "downloading"):
        redraw()
    with st.container(border=True):
        st.text(state.sentence)
        if was_moving:
            st.progress(state.fraction)
        if not visitor(workspace).may_manage:
            return
        if was_moving and st.button("Cancel", icon=":material/close:"):
            manage(workspace).cancel_clip_download()
            st.rerun()
        if not was_moving and st.button("Download", icon=":material/download:"):
            manage(workspace).start_clip_download()
            st.rerun()
