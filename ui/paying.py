"""What costs calls is done once the person has pressed a button that says how many."""

from __future__ import annotations

import streamlit as st


def agreed(what: str, label: str, key: str) -> bool:
    """True if the person has agreed to pay for this; else the button that asks for it is drawn.

    what: names what is paid for, so that it is asked about once. label: of the button, with the
    price.
    """
    if what in _agreed():
        return True
    st.button(label, key=key, type="primary", on_click=lambda: agree(what))
    return False


def agree(what: str) -> None:
    """Where the price was said already."""
    _agreed().add(what)


def _agreed() -> set[str]:
    found: set[str] = st.session_state.setdefault("agreed", set())
    return found
