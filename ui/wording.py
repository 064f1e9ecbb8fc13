"""Words: those that the embedder does not know, and numbers with their nouns."""

from __future__ import annotations

import streamlit as st

from core.workspace import Workspace


def say_unknown_words(space: Workspace, text: str) -> None:
    unknown = space.embedder.unknown_words(text)
    if not unknown:
        return
    said = []
    for word in unknown:
        near = space.embedder.known_neighbours(word)
        said.append(f"“{word}” (it knows {', '.join(near)})" if near else f"“{word}”")
    # st.text: the words are a visitor's.
    st.text(f"{space.embedder.label} does not know {', '.join(said)}; the rest was searched for.")


def count(number: int, noun: str) -> str:
    """ "1 picture", "2,400 pictures"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
