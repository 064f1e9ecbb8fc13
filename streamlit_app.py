"""Vectorscope: search pictures by meaning."""

from pathlib import Path

import streamlit as st

from ui.navigation import navigation

# A file, not an icon's name: those are fetched from another host.
ICON = Path(__file__).parent / "ui" / "icon.png"

st.set_page_config(page_title="Vectorscope", page_icon=ICON, layout="wide")
navigation().run()
