"""The weights of a local CLIP on their way to this machine: how far, and a way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from ui.polling import poll, redraw

if TYPE_CHECKING:
    from core.embedders.clip.setup import ClipSetup


def clip_download(setup: ClipSetup, reopen: Callable[[], None]) -> None:
    """Drawn only where a download can help; `reopen` takes the weights into use."""
    if setup.state().phase == "missing":
        setup.start()  # asked for by name, in the settings
    state = setup.state()
    moving = state.phase == "downloading"
    if moving or state.can_start:
        poll(_bar, moving)(setup, reopen, moving)


def _bar(setup: ClipSetup, reopen: Callable[[], None], was_moving: bool) -> None:
    state = setup.state()
    if was_moving and state.phase == "ready":
        reopen()
    if was_moving != (state.phase == "downloading"):
        redraw()
    with st.container(border=True):
        st.text(state.sentence)
        if was_moving:
            st.progress(state.fraction)
            if st.button("Cancel", icon=":material/close:"):
                setup.cancel()
                st.rerun()
        elif st.button("Download", icon=":material/download:"):
            setup.start()
            st.rerun()
