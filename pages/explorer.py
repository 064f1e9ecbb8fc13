"""Explorer: the numbers behind the rankings, and the collection as a map."""

import streamlit as st

from ui.address import follow_choice, write_choice
from ui.compare import compare_view
from ui.empty_state import nothing_to_search
from ui.map import map_view
from ui.resources import open_workspace
from ui.shell import page_frame

workspace = open_workspace()
page_frame(workspace, "Explore the vectors")
if nothing_to_search(workspace):
    st.stop()

VIEWS = {"compare": "Compare", "map": "Map"}
view = st.segmented_control(
    "View",
    list(VIEWS),
    default=follow_choice("view", "view", {name: name for name in VIEWS}, "compare"),
    required=True,
    format_func=VIEWS.__getitem__,
    key="view",
    label_visibility="collapsed",
    persist_state="session",
    on_change=lambda: write_choice("view", st.session_state["view"]),
)
if view == "map":
    map_view(workspace)
else:
    compare_view(workspace)
