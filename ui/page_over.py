"""The end of a page before its last line."""

from __future__ import annotations

from typing import NoReturn

from streamlit.runtime.scriptrunner import StopException


class PageOver(StopException):
    """Caught by streamlit_app.py alone; Streamlit takes it for what `st.stop` raises."""


def end_page() -> NoReturn:
    """Draw no more of this page.

    Not with `st.stop`: a run that ends so leaves the parts of the run before it alive (seen in
    Streamlit 1.67). What one of them was asked for just then, as a poll is each second, it draws
    where it stood; there is a text now, and below a text nothing can be drawn: the browser gives up
    and shows an empty page.
    """
    raise PageOver
