"""A window over the page that stays until the visitor closes it, whatever ends meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, ParamSpec

import streamlit as st

from ui.polling import wait_with_redraws

P = ParamSpec("P")


def dialog(
    title: str, width: Literal["small", "large"] = "large"
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function that draws the inside of a window one that opens the window.

    A poll that finds its work done draws the page anew, and Streamlit closes every window then. So
    that waits until the window is closed.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        def opened(*args: P.args, **kwargs: P.kwargs) -> None:
            polled = wait_with_redraws()
            window = st.dialog(title, width=width, on_dismiss="rerun" if polled else "ignore")
            window(draw)(*args, **kwargs)

        return opened

    return decorate
