"""What the built-in model knows, and what a key would open."""

from __future__ import annotations

import streamlit as st

from core.workspace import Workspace


def say_what_is_known(space: Workspace) -> None:
    """One honest line under the search box of a keyless start; the words on request."""
    vocabulary = getattr(space.embedder, "vocabulary", None)
    if vocabulary is None:
        return
    answers = "A small model, trained on paintings like these, answers"
    if space.status().own:
        answers = (
            "A small model, trained on paintings, answers; photographs it compares by colour, "
            "light and composition"
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"{answers}; a key for Azure AI Vision opens the search to everything.",
            width="content",
        )
        with st.popover("What it knows", type="tertiary"):
            for group, words in vocabulary().items():
                st.markdown(f"**{group.capitalize()}**")
                st.caption(", ".join(words))
