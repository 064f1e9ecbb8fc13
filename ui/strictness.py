"""How strictly the line is drawn above which pictures stand out: `line` in the address."""

from __future__ import annotations

import streamlit as st

from ui.address import follow_choice, write_choice

# The strictness of each choice; what each finds: benchmarks/README.md, "What stands out".
CHOICES = {"Loose": -0.5, "Balanced": 0.0, "Strict": 0.5}
KEY, NAME, DEFAULT = "strictness", "line", "Balanced"
IN_ADDRESS = {"loose": "Loose", "strict": "Strict"}


def chosen_strictness() -> float:
    """What the address or this session says; known before the control is drawn."""
    chosen = IN_ADDRESS.get(st.query_params.get(NAME, "")) or st.session_state.get(KEY) or DEFAULT
    return CHOICES[chosen]


def strictness_control() -> None:
    def write() -> None:
        chosen = st.session_state[KEY]
        write_choice(NAME, "" if chosen == DEFAULT else chosen.lower())

    st.segmented_control(
        "How much must stand out",
        list(CHOICES),
        default=follow_choice(NAME, KEY, IN_ADDRESS, DEFAULT),
        required=True,
        key=KEY,
        on_change=write,
        persist_state="session",
        label_visibility="collapsed",
        width="content",
    )
