"""A part of a page that looks again and again while something is under way."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Literal, ParamSpec

import streamlit as st

from core.errors import IndexUnavailable
from ui.page_over import end_page

P = ParamSpec("P")

# Often enough to look alive; faster polls lose media files.
POLL_SECONDS = 1.0


def poll(
    draw: Callable[P, None],
    under_way: bool,
    width: Literal["stretch", "content"] = "stretch",
) -> Callable[P, None]:
    """`poll(draw, under_way)(...)` draws now and, while `under_way`, every POLL_SECONDS again.

    In a box of its own: what a fragment drew in a page's run is dropped on its way to the browser
    if the fragment's next turn begins meanwhile. The browser then closes the gap, and the next
    turn is drawn over the neighbour that moved up. In the box there is none.
    """

    if under_way:
        st.session_state["polls"] = True

    turns = count()

    def calmly(*args: P.args, **kwargs: P.kwargs) -> None:
        """Where the index is away, with a sentence: Streamlit shows what a fragment raises."""
        of_the_page = next(turns) == 0
        if not of_the_page and st.session_state.pop("acted", False):
            redraw()
        try:
            draw(*args, **kwargs)
        except IndexUnavailable as error:
            st.error(str(error), icon=":material/database_off:")
            if of_the_page:
                end_page()  # the rest of the page would wait for the same, once more

    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        with st.container(width=width):
            st.fragment(calmly, run_every=POLL_SECONDS if under_way else None)(*args, **kwargs)

    return drawn


def then_redraw(action: Callable[[], object]) -> Callable[[], None]:
    """`action` as the callback of a button in a poll, which draws the whole page anew after it.

    A press there draws that part alone. What it starts may be over before, and nothing in the part
    would tell then that the rest of the page is of the past.
    """

    def act() -> None:
        action()
        st.session_state["acted"] = True

    return act


def wait_with_redraws() -> bool:
    """Let no poll draw the page anew before something else does; False if there is no poll."""
    st.session_state["redraws-wait"] = True
    return bool(st.session_state.get("polls"))


def page_drawn() -> None:
    """Said by every page at its beginning: what was waited for is over."""
    for said in ("redraws-wait", "polls", "acted"):
        st.session_state[said] = False


def redraw() -> None:
    """The whole page anew, from a poll that found its work done; nothing while that must wait.

    First whatever the visitor has asked for meanwhile: st.rerun alone would put this page and its
    address over the page that was just clicked. Nothing is drawn for it, because that would stand
    in place of what is shown until the page comes.
    """
    if st.session_state.get("redraws-wait"):
        return
    st.session_state.get("redraw")  # a look at the session: whatever waits to run is run here
    st.rerun()
