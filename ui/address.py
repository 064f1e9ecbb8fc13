"""A page's own parameter in the address, kept in step with a widget both ways.

A bound widget would replace the browser's history, so that Back loses the query; a change of
st.query_params adds to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import streamlit as st

T = TypeVar("T")


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


def follow_choice(name: str, key: str, choices: Mapping[str, T], default: T) -> T | None:
    """The first value of a choice whose widget `key` stands for the parameter `name`.

    choices: by their value in the address; what stands for none of them is the default, and so is
    no value. None where the widget is there and keeps, or was given, its value: see
    `follow_address`.
    """
    written = st.query_params.get(name, "")
    before = st.session_state.get(f"address-{name}")
    page = urlsplit(st.context.url or "").path
    st.session_state[f"address-{name}"] = page, written
    if key not in st.session_state:
        return choices.get(written, default)
    # Another page's address that says nothing leaves the choice as it was made.
    if before is not None and before != (page, written) and (written or before[0] == page):
        st.session_state[key] = choices.get(written, default)
    return None


def write_choice(name: str, value: str) -> None:
    """After a change of such a widget: say it in the address."""
    write_address(name, value)
    st.session_state[f"address-{name}"] = urlsplit(st.context.url or "").path, value


def choice_in_address(label: str, name: str, choices: Mapping[str, str]) -> str:
    """One of a few choices side by side, which the parameter `name` stands for.

    choices: what they are called, by their value in the address; the first is the default, and is
    not written. label: for screen readers.
    """
    default = next(iter(choices))
    chosen = st.segmented_control(
        label,
        list(choices),
        default=follow_choice(name, name, {choice: choice for choice in choices}, default),
        required=True,
        format_func=choices.__getitem__,
        key=name,
        label_visibility="collapsed",
        persist_state="session",
        on_change=lambda: write_choice(
            name, "" if st.session_state[name] == default else st.session_state[name]
        ),
    )
    return chosen or default
