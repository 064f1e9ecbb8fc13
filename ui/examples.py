"""Queries that show what the embedder can do, one press away."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import streamlit as st

from core.workspace import Workspace

# For the bundled gallery: a subject, a colour, a mood, two objects, weather, an abstract one.
GALLERY = (
    "a castle in the forest",
    "a blue house",
    "a calm evening by the lake",
    "a red boat and a blue house",
    "a village in falling snow",
    "abstract waves",
)
# For anybody's photographs: of the world first, then of colour, light and scene.
ANYTHING = (
    "people laughing",
    "something to eat",
    "a quiet place by the water",
    "an animal looking at the camera",
    "bright colours",
    "at night",
    "something blue",
    "something red",
    "a green field",
    "sunset by the sea",
    "black and white",
)


def example_queries(workspace: Workspace) -> None:
    def ask() -> None:
        chosen = st.session_state["example"]
        if chosen:
            st.query_params["q"] = chosen

    if st.session_state.get("example") != st.query_params.get("q"):
        st.session_state["example"] = None
    queries = examples(workspace)
    st.pills("Examples", queries, key="example", on_change=ask, label_visibility="collapsed")


def examples(workspace: Workspace) -> Sequence[str]:
    """What is offered: for the gallery, or for anybody's photographs."""
    if not workspace.status().own:
        return GALLERY
    # What the embedder would not understand is no example.
    understood = (query for query in ANYTHING if not workspace.embedder.unknown_words(query))
    return list(islice(understood, len(GALLERY)))
