"""The words nearest to a picture, with their cosines."""

from __future__ import annotations

import streamlit as st

from core.workspace import Workspace
from ui.polling import poll
from ui.share_table import Row, share_table
from ui.standing_out import offer_words
from ui.visitor import visitor

# Of the gallery's pictures the first word is true always, the third in 93 %, the fifth in 78 % and
# the sixth in 64 % (benchmarks/explore.py).
WORDS = 5
# Of the words that the model does not know.
NAMED = 5


def picture_words(workspace: Workspace, picture_id: str) -> None:
    """The words nearest to a picture that has a vector, whatever it was found with.

    Where they cost calls that nobody has made yet, those who may make them get a button that says
    how many they are; others see nothing.
    """
    state = workspace.words.bank_state()
    waiting = workspace.words.known_words() is None and not state.complete
    under_way = waiting and (state.learning or visitor(workspace).may_manage)
    poll(_words, under_way)(workspace, picture_id)


def _words(workspace: Workspace, picture_id: str) -> None:
    known = workspace.words.known_words()
    near = workspace.words.nearest_words(picture_id, WORDS)
    if known is not None and near:
        # Of few pictures it cannot be told how near most of them are.
        usual = known.level is not None
        words = "Nearer to these words than most pictures, the most telling first:"
        st.caption(words if usual else "The nearest words:")
        rows = [Row(one.word, (one.cosine,)) for one in near]
        share_table(rows, ("Cosine",), key=f"words-{picture_id}")
    else:
        state = workspace.words.bank_state()
        if state.problem:
            st.text(state.problem)
        if state.learning:
            st.caption(f"Learning words: {state.known:,} of {state.total:,}")
        elif offer_words(
            workspace, "Find words for pictures", state, key=f"learn-words-{picture_id}"
        ):
            st.caption("Learning words …")  # the next turn says how far
    if workspace.words.unknown_own_words and visitor(workspace).may_manage:
        # st.text: they are words of a file.
        st.text(_left_out(workspace))


def _left_out(workspace: Workspace) -> str:
    words = workspace.words.unknown_own_words
    named = ", ".join(f"“{word}”" for word in words[:NAMED])
    more = f" and {len(words) - NAMED:,} more" if len(words) > NAMED else ""
    return f"{workspace.embedder.label} does not know {named}{more} of words.txt."
