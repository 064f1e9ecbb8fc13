"""How strictly the line is drawn above which pictures stand out."""

from __future__ import annotations

import streamlit as st

# The strictness of each choice; what each finds: benchmarks/README.md, "What stands out".
CHOICES = {"Loose": -0.5, "Balanced": 0.0, "Strict": 0.5}
KEY, DEFAULT = "strictness", "Balanced"


def chosen_strictness() -> float:
    """What this session chose last; known before the control is drawn."""
    return CHOICES[st.session_state.get(KEY) or DEFAULT]


def strictness_control() -> None:
    st.segmented_control(
        "How much must stand out",
        list(CHOICES),
        default=DEFAULT,
        required=True,
        key=KEY,
        persist_state="session",
        label_visibility="collapsed",
        width="content",
    )
