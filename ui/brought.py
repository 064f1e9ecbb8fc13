"""The pictures that this session's visitor brought: searched with, and never part of an index."""

from __future__ import annotations

import streamlit as st

from core.search import Brought, BroughtPicture, Term
from core.workspace import Workspace

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


def name_of(workspace: Workspace, term: Term) -> str:
    """What a part of a query is called: its text, or its picture's name."""
    if term.text:
        return term.text
    own = brought().get(term.picture_id)
    picture = workspace.picture(term.picture_id) if own is None else None
    name = (own and own.name) or (picture and picture.name) or "your picture"
    return name if term.region is None else f"part of {name}"
