"""What leads to an address of the product, from any of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import streamlit as st

from core.story import EXPLORER, IMAGE_SEARCH, TEXT_SEARCH

# The parameter that names a step of the guided story.
STORY = "story"

SCRIPTS = {
    TEXT_SEARCH: "pages/text_search.py",
    IMAGE_SEARCH: "pages/image_search.py",
    EXPLORER: "pages/explorer.py",
}


def page_here() -> str:
    """The page that is drawn, as its address begins."""
    last = urlsplit(st.context.url or "").path.strip("/").rpartition("/")[2]
    return last if last in SCRIPTS else TEXT_SEARCH


def link(
    label: str,
    page: str,
    query: Mapping[str, str],
    *,
    key: str,
    here: str,
    type: Literal["primary", "tertiary"] = "tertiary",
    icon: str = "",
) -> None:
    """Something to press that draws that page with these parameters.

    label: markdown. page, here: one of SCRIPTS, the latter the page that is drawn now.

    A link from a page to itself runs it and leaves the address as it was, so that there it is a
    button. To another page it is a link: st.switch_page leaves a step in the browser's history that
    has the new parameters on the old page, and Back would lead there.
    """
    with st.container(key=f"link-{type}-{key}", width="content"):
        if page != here:
            st.page_link(SCRIPTS[page], label=label, icon=icon, query_params=dict(query))
        elif st.button(
            label,
            key=key,
            type=type,
            icon=icon or None,
            wrap=False,
            on_click=lambda: st.query_params.from_dict(dict(query)),
        ):
            st.rerun()  # of the whole page, also out of a window
