"""A public showcase with a paid model: what is asked for beforehand, and that it needs caps."""

from __future__ import annotations

import streamlit as st

from core.hosting import READ_ONLY
from core.workspace import Workspace
from ui.calls import price_tag
from ui.examples import examples
from ui.numbers import count
from ui.polling import poll, redraw, then_redraw
from ui.story import steps
from ui.visitor import manage, visitor


def say_read_only(workspace: Workspace) -> None:
    """Why a visitor cannot change anything; and that caps are missing where searches are paid."""
    words = visitor(workspace).refusal or READ_ONLY
    if workspace.embedder.paid and not workspace.caps.any:
        words += (
            " Each new search is a paid call, and no cap is set: CALLS_PER_DAY limits them for "
            "everybody, VISITOR_CALLS_PER_DAY and VISITOR_CALLS_PER_MINUTE for each visitor."
        )
    st.info(words, icon=":material/lock:")


def prepare_showcase(workspace: Workspace) -> None:
    """Asks once for what visitors are offered. Only where calls are paid and pictures are there."""
    if not workspace.embedder.paid or not workspace.can_search():
        return
    queries = [*examples(workspace), *(step.query.get("q", "") for step in steps(workspace))]
    learning = workspace.words.is_preparing()
    poll(_preparing, learning)(workspace, queries, learning)


def _preparing(workspace: Workspace, queries: list[str], was_learning: bool) -> None:
    state = workspace.words.showcase_state(queries)
    if was_learning != state.learning:
        redraw()
    with st.container(border=True, key="showcase"):
        st.markdown("### Showcase")
        if state.complete:
            st.caption(
                "Prepared: the examples, the tour and the words that tell what stands out always "
                f"answer, {count(state.total, 'text')} in all, also when a cap is reached."
            )
            return
        if state.learning:
            st.caption(f"Asking: {state.known:,} of {count(state.total, 'text')}")
            st.progress(state.known / state.total)
            st.button(
                "Stop",
                key="stop-preparing",
                icon=":material/stop:",
                on_click=then_redraw(lambda: manage(workspace).words.stop_preparing()),
            )
            return
        st.caption(
            "Asks once for the examples, the tour and the words that tell what stands out. From "
            "then on they always answer, also when a cap is reached."
        )
        if state.problem:
            st.text(state.problem)
        st.button(
            f"Prepare the showcase · {price_tag(workspace, state.left)}",
            key="prepare-showcase",
            icon=":material/storefront:",
            on_click=then_redraw(lambda: manage(workspace).words.prepare_showcase(queries)),
        )
