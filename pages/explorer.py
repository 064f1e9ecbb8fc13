"""Explorer: the numbers behind the rankings, and the collection as a map."""

import streamlit as st

from ui.address import follow_choice, write_choice
from ui.compare import compare_view
from ui.comparison import is_new_on_table
from ui.empty_state import nothing_to_search
from ui.explorer_map import map_view
from ui.odd_view import odd_view
from ui.page_over import end_page
from ui.resources import open_workspace
from ui.shell import just_opened, page_frame

TITLE = "Explore the vectors"
OF_THE_TABLE = {"pair", "metric", "order"}

workspace = open_workspace()
arrived = just_opened(TITLE)
page_frame(workspace, TITLE)
if nothing_to_search(workspace):
    end_page()

VIEWS = {"map": "Map", "compare": "Compare", "odd": "Odd and double"}
# What was put on the table is looked at next, and so is what an address says of the table.
to_compare = is_new_on_table() if arrived else False
to_compare |= not OF_THE_TABLE.isdisjoint(st.query_params)
if arrived and to_compare and "view" not in st.query_params:
    st.session_state["view"] = "compare"
default = "compare" if to_compare else "map"
view = st.segmented_control(
    "View",
    list(VIEWS),
    default=follow_choice("view", "view", {name: name for name in VIEWS}, default),
    required=True,
    format_func=VIEWS.__getitem__,
    key="view",
    label_visibility="collapsed",
    persist_state="session",
    on_change=lambda: write_choice("view", st.session_state["view"]),
)
if view == "map":
    map_view(workspace)
elif view == "odd":
    odd_view(workspace)
else:
    compare_view(workspace)
