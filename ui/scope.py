"""The filter: which collection and folder is searched; `in` in the address."""

from __future__ import annotations

import streamlit as st

from core.model import BUNDLED, EVERYTHING, GALLERY, IMAGES, OWN, REMOTE, UPLOADS, Scope
from core.workspace import Workspace
from ui.address import follow_choice, write_choice

KEY, NAME = "scope", "in"


def choose_scope(workspace: Workspace) -> Scope:
    """Own pictures unless the gallery is asked for or is all there is. Drawn only with a choice."""
    counts = dict(workspace.folders())
    options = _options(counts)
    if len(options) == 1:
        return options[0]
    in_address = {_name(option): option for option in options[1:]}
    first = follow_choice(NAME, KEY, in_address, options[0])
    asked = st.query_params.get(NAME, "")
    if asked and asked not in in_address and asked != _name(options[0]):
        # st.text: the address is a visitor's.
        st.text(f"There is no “{asked}” to search in here.")
    names = {OWN: "Your pictures", BUNDLED: "Gallery", EVERYTHING: "Everything"}

    def label(scope: Scope) -> str:
        return names.get(scope) or f"{scope.folder} ({counts[scope.folder]:,})"

    def write() -> None:
        chosen = st.session_state[KEY]
        write_choice(NAME, "" if chosen == options[0] else _name(chosen))

    if st.session_state.get(KEY) not in (None, *options):  # a folder that has gone since
        del st.session_state[KEY]
    return st.selectbox(
        "Search in",
        options,
        index=options.index(first) if first is not None else 0,
        format_func=label,
        key=KEY,
        on_change=write,
        persist_state="session",
        width=260,
    )


def _options(counts: dict[str, int]) -> list[Scope]:
    """What can be searched in; the first is searched where nothing else is said."""
    gallery = GALLERY in counts
    own = [path for path in counts if not path.startswith(GALLERY)]
    if not own:
        return [BUNDLED if gallery else OWN]
    roots = {IMAGES, UPLOADS, REMOTE}
    # A root is a choice of its own only beside another one.
    several = len(roots.intersection(own)) > 1
    folders = [path for path in own if path not in roots or several]
    return [
        OWN,
        *([BUNDLED, EVERYTHING] if gallery else []),
        *(Scope("own", path) for path in folders),
    ]


def _name(scope: Scope) -> str:
    """The scope as the address says it."""
    return scope.folder or scope.collection
