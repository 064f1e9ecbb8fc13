"""How many results stand out, or why that is not told."""

from __future__ import annotations

import streamlit as st

from core.search import FEWEST_PICTURES, LearningState, Ranking, Relevance
from core.workspace import Workspace
from ui.calls import price_tag
from ui.polling import poll, redraw
from ui.visitor import manage, visitor


def say_what_stands_out(ranking: Ranking, number: int, title: str) -> None:
    """title: what was asked for."""
    if number:
        of = f"of {'more than ' if ranking.cut else ''}{len(ranking):,}"
        verb = "stands" if number == 1 else "stand"
        st.markdown(f"**{number:,} {of} {verb} out**")
    else:
        # st.text: the query is a visitor's.
        st.text(f"Nothing here stands out for “{title}”. The nearest are:")


def say_why_not(workspace: Workspace, ranking: Ranking, relevance: Relevance | None) -> None:
    """Why there is no line, where a person would miss it; for an owner, the way to get one."""
    if workspace.searchable() < FEWEST_PICTURES:
        st.caption("Too few pictures to tell which stand out", width="content")
    elif relevance is None:
        learn_words(workspace, "Learn what stands out", "Learning what stands out")


def learn_words(workspace: Workspace, label: str, doing: str) -> None:
    """The way to the words of the bank while they are not known, or how far they are.

    label: of the button, before the price. doing: what is said meanwhile.
    """
    learning = workspace.words.bank_state().learning
    poll(_learning, learning, width="content")(workspace, label, doing, learning)


def _learning(workspace: Workspace, label: str, doing: str, was_learning: bool) -> None:
    state = workspace.words.bank_state()
    # The last word may also have come after the search asked for it and before this was drawn.
    if not state.learning and (was_learning or (state.complete and state.total)):
        redraw()
    if state.learning:
        st.caption(f"{doing}: {state.known:,} of {state.total:,} words")
        return
    if state.problem:
        st.text(state.problem)
    # Two models side by side each have words of their own.
    if offer_words(workspace, label, state, key=f"learn-words-{workspace.embedder.id}"):
        st.rerun()


def offer_words(workspace: Workspace, label: str, state: LearningState, key: str) -> bool:
    """The button that asks for the words of the bank, with its price, for those who may press it.

    Returns True once it was pressed.
    """
    if state.complete or not visitor(workspace).may_manage:
        return False
    calls = price_tag(workspace, state.left) if workspace.embedder.paid else ""
    pressed = st.button(
        label + (f" · {calls}" if calls else ""),
        key=key,
        type="tertiary",
        icon=":material/rule:",
        help="Asks the model for general words once, and learns what they usually score. "
        "The answers are kept.",
    )
    if pressed:
        manage(workspace).words.learn_words()
    return pressed
