"""A page's own parameter in the address, kept in step with a widget both ways.

A bound widget would replace the browser's history, so that Back loses the query; a change of
st.query_params adds to it.
"""

from __future__ import annotations

import streamlit as st


def follow_address(name: str, key: str) -> str:
    """The first value of the widget `key`, which stands for the parameter `name`.

    A widget that is not there yet starts from the address: a value put into it would be told to the
    browser once only, and is lost if a second run follows before the first one's messages were
    sent. One that is there gets the value of an address that changed by itself (a link, Back).
    """
    value = st.query_params.get(name, "")
    seen, started = f"address-{name}", f"start-{name}"
    if key not in st.session_state:
        st.session_state[seen] = st.session_state[started] = value
    elif st.session_state.get(seen) != value:
        st.session_state[seen] = st.session_state[key] = value
        return ""  # a first value beside a value that was put in is an error
    return str(st.session_state[started])


def write_address(name: str, value: str) -> None:
    """After a change of the widget: say it in the address."""
    st.session_state[f"address-{name}"] = value
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
