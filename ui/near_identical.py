"""Whether near-identical pictures are shown as one: `alike` in the address."""

from __future__ import annotations

import streamlit as st

from core.search import Ranking
from core.workspace import Workspace
from ui.address import follow_choice, write_choice

KEY, NAME, OFF = "collapse", "alike", "0"
IN_ADDRESS = {OFF: False}


def collapse(workspace: Workspace, ranking: Ranking) -> Ranking:
    """The ranking as it is to be shown; draws the switch if there is anything to collapse."""
    collapsed = workspace.collapse(ranking)
    if len(collapsed) == len(ranking):
        return ranking

    def write() -> None:
        write_choice(NAME, "" if st.session_state[KEY] else OFF)

    # A switch that is there already takes no first value; False is none.
    first = follow_choice(NAME, KEY, IN_ADDRESS, default=True) or False
    wanted = st.toggle(
        "Collapse near-identical",
        value=first,
        key=KEY,
        on_change=write,
        persist_state="session",
        width="content",
    )
    return collapsed if wanted else ranking
