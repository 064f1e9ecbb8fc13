"""A page's own parameter in the address, kept in step with a widget both ways.

A bound widget would replace the browser's history, so that Back loses the query; a change of
st.query_params adds to it.
"""

from __future__ import annotations

import streamlit as st


def follow_address(name: str, widget: str) -> None:
    """Before the widget is drawn: let an address that changed (a link, Back) fill it."""
    value = st.query_params.get(name, "")
    seen = f"address-{name}"
    # A widget that is not there yet (another page was shown) starts from the address too.
    if widget not in st.session_state or st.session_state.get(seen) != value:
        st.session_state[seen] = value
        st.session_state[widget] = value


def write_address(name: str, value: str) -> None:
    """After a change of the widget: say it in the address."""
    st.session_state[f"address-{name}"] = value
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
