"""The pictures that this session has selected, on whatever page of results they lay."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from core.search import Answer
from core.workspace import Workspace
from ui.numbers import count
from ui.take_along import selection_to_take_along, take_along

# What one would still take along at once; the list also lies in the session's memory.
MOST = 200


def selected() -> list[str]:
    """Picture ids, in the order in which they were selected."""
    ids: list[str] = st.session_state.setdefault("selected", [])
    return ids


def clear() -> None:
    st.session_state["selected"] = []


def drawn_elsewhere() -> None:
    """Said by what draws the selection beside the wall: it is drawn anew when that changes."""
    st.session_state["selection-drawn"] = selected()


def choices_taken() -> int:
    """The number of the last choice that a browser sent and that is in `selected`."""
    turn: int = st.session_state.get("selected-turn", 0)
    return turn


def take_choice(choice: object, shown: Collection[str]) -> None:
    """Take in what a browser sent: its `turn`, and the `ids` that are selected of those shown.

    What a browser asks for is believed only if it was shown.
    """
    if not isinstance(choice, dict) or not isinstance(choice.get("ids"), list):
        return
    wanted = [one for one in choice["ids"] if isinstance(one, str) and one in shown]
    kept = [one for one in selected() if one in wanted or one not in shown]
    kept += [one for one in dict.fromkeys(wanted) if one not in kept]
    if len(kept) > MOST:
        kept = kept[:MOST]
        st.session_state["selected-too-many"] = True
    st.session_state["selected"] = kept
    if isinstance(choice.get("turn"), int):
        st.session_state["selected-turn"] = choice["turn"]


def redraw_if_changed() -> None:
    """Draw the page anew if what it shows of the selection is no longer so."""
    if st.session_state.get("selection-drawn") not in (None, selected()):
        st.session_state["selection-drawn"] = None
        st.rerun()


def selection_bar(workspace: Workspace, answer: Answer | None) -> None:
    """How many are selected and what can be done with them; nothing while there are none.

    It stays at the lower edge of the window, so that it moves no picture when it comes.
    """
    redraw_if_changed()
    if st.session_state.pop("selected-too-many", False):
        st.toast(f"At most {MOST} pictures can be selected.")
    if not selected():
        return
    with st.container(
        key="selection", horizontal=True, vertical_alignment="center", width="content"
    ):
        st.markdown(f"**{count(len(selected()), 'picture')} selected**", width="content")
        take_along(workspace, selection_to_take_along(workspace, answer, selected()), "selection")
        st.button("Clear", key="selection-clear", type="tertiary", on_click=clear)
