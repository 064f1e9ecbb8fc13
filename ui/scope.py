"""The filter: which collection and folder is searched."""

from __future__ import annotations

import streamlit as st

from core.model import BUNDLED, EVERYTHING, GALLERY, IMAGES, OWN, UPLOADS, Scope
from core.workspace import Workspace


def choose_scope(workspace: Workspace) -> Scope:
    """Own pictures unless the gallery is asked for or is all there is. Drawn only with a choice."""
    folders = workspace.folders()
    gallery = any(path == GALLERY for path, _ in folders)
    own = [(path, count) for path, count in folders if not path.startswith(GALLERY)]
    if not own:
        return BUNDLED if gallery else OWN
    options = [OWN]
    if gallery:
        options += [BUNDLED, EVERYTHING]
    roots = {IMAGES, UPLOADS}
    present = [path for path, _ in own]
    # A root is a choice of its own only beside the other one.
    options += [
        Scope("own", path) for path in present if path not in roots or roots.issubset(present)
    ]
    if len(options) == 1:
        return options[0]
    counts = dict(folders)
    names = {OWN: "Your pictures", BUNDLED: "Gallery", EVERYTHING: "Everything"}

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
