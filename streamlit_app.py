"""Vectorscope: search pictures by meaning."""

import streamlit as st

from core.errors import IndexUnavailable
from ui.navigation import navigation

page = navigation()
try:
    page.run()
except IndexUnavailable as error:  # a full disk, a damaged index: nothing that a page could mend
    st.error(str(error), icon=":material/database_off:")
