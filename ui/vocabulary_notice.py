"""What the built-in model knows, and what of a query it does not know or takes otherwise."""

from __future__ import annotations

import streamlit as st

from core.workspace import Workspace
from ui.other_models import what_knows_more


def say_what_is_known(workspace: Workspace) -> None:
    """One honest line under the search box of a keyless start; the words on request."""
    vocabulary = getattr(workspace.embedder, "vocabulary", None)
    if vocabulary is None:
        return
    answers = "A small model, trained on paintings like these, answers"
    if workspace.status().own:
        answers = (
            "A small model, trained on paintings, answers; photographs it compares by colour, "
            "light and composition"
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{answers}. A local CLIP or an Azure key knows far more.", width="content")
        with st.popover("What it knows", type="tertiary"):
            for group, words in vocabulary().items():
                st.markdown(f"**{group.capitalize()}**")
                st.caption(", ".join(words))
        what_knows_more("What knows more")


def say_how_it_was_read(workspace: Workspace, text: str) -> None:
    """Name the words of a query that the embedder does not know or takes against their meaning."""
    misread = getattr(workspace.embedder, "misread", None)
    # st.text, here and below: the words are a visitor's.
    if misread is not None and (sentence := misread(text)):
        st.text(sentence)
    name_unknown_words(workspace, text, "; the rest was searched for")


def name_unknown_words(workspace: Workspace, text: str, instead: str = "") -> None:
    """instead: what was done about them, after the sentence."""
    unknown = workspace.embedder.unknown_words(text)
    if not unknown:
        return
    named = []
    for word in unknown:
        near = workspace.embedder.known_neighbours(word)
        named.append(f"“{word}” (it knows {', '.join(near)})" if near else f"“{word}”")
    st.text(f"{workspace.embedder.label} does not know {', '.join(named)}{instead}.")
