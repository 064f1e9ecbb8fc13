"""Whether a search may miss something, and the way to one that may not."""

from __future__ import annotations

import streamlit as st

from core.search import Ranking
from core.tuning import RECALL_AT
from core.workspace import Workspace
from ui.numbers import percent

KEY = "exact"


def wants_exact() -> bool:
    """What the switch says, which is drawn after the search that asks for it."""
    return bool(st.session_state.get(KEY))


def say_exactness(workspace: Workspace, ranking: Ranking) -> None:
    """Nothing where every search is exact."""
    if not workspace.searches_approximately():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if not ranking.exact:
            words = "Approximate"
            if ranking.recall is not None:
                words += f": finds {percent(ranking.recall)} of the {RECALL_AT} nearest"
            st.caption(words, width="content")
        st.toggle(
            "Exact",
            key=KEY,
            help="Compares every picture with the query, without the index. Takes longer.",
        )
