"""Vectorscope: search pictures by meaning."""

import streamlit as st

from core.errors import IndexUnavailable, NotAllowed
from ui.navigation import navigation
from ui.resources import open_workspace
from ui.sign_in import gate

page = navigation()
try:
    gate(open_workspace().settings, page)
    page.run()
except IndexUnavailable as error:  # a full disk, a damaged index: nothing that a page could mend
    st.error(str(error), icon=":material/database_off:")
except NotAllowed as error:  # an action that the page does not offer to this visitor
    st.error(str(error), icon=":material/lock:")
