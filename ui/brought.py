"""The pictures that this session's visitor brought: searched with, and never part of an index."""

from __future__ import annotations

import streamlit as st

from core.search import Brought, BroughtPicture

KEY = "brought"

# Each holds its file, 20 MB at most, for as long as the session lasts.
KEPT = 12


def brought() -> Brought:
    """By id, the one brought last at the end."""
    known: dict[str, BroughtPicture] = st.session_state.setdefault(KEY, {})
    return known


def keep_brought(picture: BroughtPicture) -> None:
    """Keep it for this session; of more than KEPT, those brought first go."""
    kept = {i: p for i, p in brought().items() if i != picture.id}
    kept[picture.id] = picture
    st.session_state[KEY] = dict(list(kept.items())[-KEPT:])
