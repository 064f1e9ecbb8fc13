"""A search within some pictures alone: `within` in the address, a group of the map or a selection.

A group is "g", how many there are (0: as many as fit the collection), a point and its number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from core.explore import Clusters
from core.model import Scope
from core.search import MOST_IN_ADDRESS, parse_ids, print_ids
from core.workspace import Workspace
from ui.literal import literal
from ui.numbers import count
from ui.selection import selected

NAME = "within"
# What is selected in this session, where that is too much for an address.
SELECTION = "selection"


def of_group(number: int, of: int) -> str:
    """The value that means a group of the map. of: how many groups there are, 0 as many as fit."""
    return f"g{of}.{number}"


def of_selection(ids: Sequence[str]) -> str:
    """The value that means these pictures, which are selected."""
    return print_ids(ids) if len(ids) <= MOST_IN_ADDRESS else SELECTION


def narrowed(workspace: Workspace, scope: Scope) -> Scope:
    """The scope with what the address narrows it to, which is said, with the way back."""
    written = st.query_params.get(NAME, "")
    if not written:
        return scope
    name, ids = _meant(workspace, scope, written)
    narrow = replace(scope, only=frozenset(ids))
    # Some may have been deleted since.
    there = len(workspace.browse(narrow))
    if not there:
        st.warning(
            "The pictures that this link searches within are not known here (any more): all are "
            "searched.",
            icon=":material/filter_alt_off:",
        )
        return scope
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="within"):
        st.markdown(
            f":material/filter_alt: Within **{literal(name, 40)}** · {count(there, 'picture')}",
            width="content",
        )
        st.button(
            "Search everywhere",
            key="within-clear",
            type="tertiary",
            on_click=_search_everywhere,
        )
    return narrow


def _search_everywhere() -> None:
    del st.query_params[NAME]


def _meant(workspace: Workspace, scope: Scope, written: str) -> tuple[str, Sequence[str]]:
    """What the pictures are called, and their ids; none for a value that means nothing here."""
    if written == SELECTION:
        return "the selected pictures", selected()
    group = re.fullmatch(r"g(\d{1,2})\.(\d{1,2})", written)
    if group is None:
        return "the chosen pictures", parse_ids(written)
    of, number = int(group[1]), int(group[2])
    groups = groups_of(workspace, scope, of)
    if number >= len(groups.names):
        return "", ()
    return groups.names[number], groups.clusters.members(number)


@dataclass(frozen=True, eq=False)
class Groups:
    """What the pictures of a scope fall into, and what each group is called. key: names them."""

    key: str
    clusters: Clusters
    names: tuple[str, ...]


def groups_of(workspace: Workspace, scope: Scope, of: int) -> Groups:
    """The groups of a scope's pictures. of: how many; 0 for as many as fit the collection."""
    # That number takes seconds to find; where the map has found it, it is there.
    made = workspace.maps.arrangement(scope, wait=10) if not of else None
    state = f"{workspace.map_state()}-{made.generation if made else ''}"
    named = workspace.words.known_words() is not None
    return _groups(state, scope, of, named, workspace)


@st.cache_resource(max_entries=24, show_spinner="Finding groups …")
def _groups(state: str, scope: Scope, of: int, named: bool, _workspace: Workspace) -> Groups:
    # The state stands for the vectors: hashing them would read only a sample.
    clusters = _workspace.maps.clusters(scope, of or None)
    count = int(clusters.labels.max(initial=-1)) + 1
    words = (_workspace.words.cluster_names(clusters) if named else None) or [()] * count
    names = (", ".join(name) or f"Group {n}" for n, name in enumerate(words, 1))
    return Groups(f"{state}-{scope}-{of}-{named}", clusters, tuple(names))
