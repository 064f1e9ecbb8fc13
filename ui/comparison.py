"""The explorer's table: the pictures and texts of this session that are compared."""

from __future__ import annotations

import streamlit as st

# Beyond a dozen, the cells of a heat map are too small to read.
MOST = 12


def has_table() -> bool:
    """True once this session has put something on the table, or has seen it empty."""
    return "table-pictures" in st.session_state


def table_pictures() -> list[str]:
    """Picture ids, in the order they were put there."""
    pictures: list[str] = st.session_state.setdefault("table-pictures", [])
    return pictures


def table_texts() -> list[str]:
    texts: list[str] = st.session_state.setdefault("table-texts", [])
    return texts


def is_new_on_table() -> bool:
    """True if something was put on the table since this was last asked."""
    if not has_table():
        return False
    now = [*table_pictures(), *table_texts()]
    before = st.session_state.get("table-seen", [])
    st.session_state["table-seen"] = now
    return bool(set(now) - set(before))


def add_picture(picture_id: str) -> str:
    """Put a picture on the table; what to tell the person."""
    pictures = table_pictures()
    count = len(pictures) + len(table_texts())
    if picture_id in pictures:
        return "It lies on the explorer's table already."
    if count >= MOST:
        return f"The explorer's table is full: {MOST} at most."
    st.session_state["table-pictures"] = [*pictures, picture_id]
    return f"Put on the explorer's table ({count + 1} of {MOST})."
