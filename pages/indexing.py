"""Indexing: what is there, what it costs, how far it is."""

import streamlit as st

from ui.collection import collection_table, transfer, uploads
from ui.indexing_panel import failures, run_controls
from ui.resources import open_workspace
from ui.shell import just_opened, page_frame

space = open_workspace()
title = "Index pictures"
if just_opened(title) and not space.settings.read_only:
    space.rescan()
page_frame(space, title, counted=False)

if space.settings.read_only:
    st.info("This showcase is read-only: its pictures are set.", icon=":material/lock:")
else:
    run_controls(space)
    failures(space)
    uploads(space)
    transfer(space)
collection_table(space)
