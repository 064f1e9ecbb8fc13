"""A page's own parameter in the address, kept in step with a widget both ways.

A bound widget would replace the browser's history, so that Back loses the query; a change of
st.query_params adds to it.
"""

from __future__ import annotations

import streamlit as st


def follow_address(name: str) -> tuple[str, str]:
    """(key, first value) for the widget that stands for the parameter `name`.

    An address that changed by itself (a link, Back) makes a new widget that starts from it. To put
    a value into the old one would be told to the browser once only, and is lost if a second run
    follows before the first one's messages were sent.
    """
    value = st.query_params.get(name, "")
    seen, started, number = f"address-{name}", f"start-{name}", f"number-{name}"
    key = f"{name}-{st.session_state.get(number, 0)}"
    # A widget that is not there (another page was shown) starts from the address too.
    if key not in st.session_state or st.session_state.get(seen) != value:
        st.session_state[number] = st.session_state.get(number, 0) + 1
        st.session_state[seen] = st.session_state[started] = value
        key = f"{name}-{st.session_state[number]}"
    return key, st.session_state[started]


def write_address(name: str, value: str) -> None:
    """After a change of the widget: say it in the address."""
    st.session_state[f"address-{name}"] = value
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
