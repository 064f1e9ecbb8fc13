"""A part of a page that looks again and again while something is under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, ParamSpec

import streamlit as st

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

    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        with st.container(width=width):
            st.fragment(draw, run_every=POLL_SECONDS if under_way else None)(*args, **kwargs)

    return drawn


def redraw() -> None:
    """The whole page anew, from a poll that found its work done.

    First whatever the visitor has asked for meanwhile: st.rerun alone would put this page and its
    address over the page that was just clicked. Nothing is drawn for it, because that would stand
    in place of what is shown until the page comes.
    """
    st.session_state.get("redraw")  # a look at the session: whatever waits to run is run here
    st.rerun()
