"""The end of a page before its last line."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


def end_page() -> NoReturn:
    """Draw no more of this page.

    `st.stop` alone leaves the parts of the run before alive (seen in Streamlit 1.67). What one of
    them was asked for just then, as a poll is each second, it draws where it stood; there is a text
    now, and below a text nothing can be drawn: the browser gives up and shows an empty page. A run
    that comes to its end forgets them; here they are forgotten before it.
    """
    context = get_script_run_ctx()
    if context is not None and not context.fragment_ids_this_run:
        drawn = context.shared.new_fragment_ids.snapshot()
        context.fragment_storage.clear(new_fragment_ids=drawn)
    st.stop()
