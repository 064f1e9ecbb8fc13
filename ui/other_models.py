"""What knows more than the built-in model, and how to set it up."""

from __future__ import annotations

import os

import streamlit as st

from core.workspace import Workspace
from ui.visitor import visitor

DISMISSED = "clip-offer-dismissed"

# The virtual environment of the README's start command; the server is usually the person's own.
PYTHON = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"


def what_knows_more(label: str) -> None:
    """A popover with the ways to a model that knows photographs, the free one first."""
    with st.popover(label, type="tertiary"):
        st.markdown(
            "**A CLIP on this machine**: free, no key, English. The packages take 110 MB, and the "
            "first start downloads 0.6 GB of weights; after that it needs no network."
        )
        st.code(f"{PYTHON} -m pip install -r requirements-clip.txt", language=None, wrap_lines=True)
        st.markdown("Then put this line into the file `.env`, and start as before:")
        st.code("EMBEDDER=clip", language=None)
        st.markdown(
            "**Azure AI Vision**: a paid service that reads many languages. Put `VISION_ENDPOINT` "
            "and `VISION_KEY` of your resource into the file `.env`, and start as before. Its API "
            "ends in 2028; the README says how **Cohere Embed** takes its place."
        )


def offer_clip(workspace: Workspace) -> None:
    """On the results of somebody's own pictures: what a local CLIP would find, until dismissed.

    Only for a person who may set it up, and not where EMBEDDER=clip asks for it already.
    """
    if (
        not hasattr(workspace.embedder, "vocabulary")
        or st.session_state.get(DISMISSED)
        or workspace.clip_setup is not None
        or not visitor(workspace).may_manage
        or not workspace.status().own
    ):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            "The built-in model has seen only paintings. For photographs, a CLIP on this machine "
            "finds what they show, free and without a key.",
            width="content",
        )
        what_knows_more("How to set it up")
        st.button(
            "Dismiss",
            icon=":material/close:",
            type="tertiary",
            on_click=lambda: st.session_state.update({DISMISSED: True}),
        )
