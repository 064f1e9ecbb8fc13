"""The picture that is searched for, and the choice of a part of it."""

from __future__ import annotations

import base64
from collections.abc import Callable

import streamlit as st

from core.model import Region
from core.search import Term
from core.workspace import Workspace
from ui.brought import brought
from ui.region import choose_region
from ui.wall import address


def show_picture(workspace: Workspace, term: Term, change: Callable[[Region | None], None]) -> None:
    """Draw the picture of a part, with its name and what is to be known of it.

    change: gets the region that the person chose, None for the whole picture.
    """
    own = brought().get(term.picture_id)
    if own is not None:
        name, note = own.name, own.note
        source = "data:image/jpeg;base64," + base64.b64encode(own.thumbnail).decode()
        # Fetched by the service itself: there is nothing to draw, and nothing to cut from.
        seen = bool(own.thumbnail)
    else:
        picture = workspace.picture(term.picture_id)
        name, note = picture.name if picture else "", ""
        source, seen = address(workspace, term.picture_id), True
    if seen:
        choose_region(source, name, term.region, 1 if workspace.embedder.paid else 0, change)
    st.text(name)
    if note:
        st.caption(note)
