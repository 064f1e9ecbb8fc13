"""The filter: which collection and folder is searched."""

from __future__ import annotations

import streamlit as st

from core.model import GALLERY, Scope
from core.workspace import Workspace


def choose_scope(space: Workspace) -> Scope:
    """Own pictures unless the gallery is asked for or is all there is. Drawn only with a choice."""
    folders = space.store.folders()
    gallery = any(path == GALLERY for path, _ in folders)
    own = [(path, count) for path, count in folders if not path.startswith(GALLERY)]
    if not own:
        return Scope("gallery") if gallery else Scope("own")
    options = [Scope("own")]
    if gallery:
        options += [Scope("gallery"), Scope("all")]
    roots = {"images/", "uploads/"}
    present = [path for path, _ in own]
    # A root is a choice of its own only beside the other one.
    options += [
        Scope("own", path) for path in present if path not in roots or roots.issubset(present)
    ]
    if len(options) == 1:
        return options[0]
    counts = dict(folders)
    names = {Scope("own"): "Your pictures", Scope("gallery"): "Gallery", Scope("all"): "Everything"}

    def label(scope: Scope) -> str:
        return names.get(scope) or f"{scope.folder} ({counts[scope.folder]:,})"

    return st.selectbox(
        "Search in",
        options,
        format_func=label,
        key="scope",
        persist_state="session",
        width=260,
    )
