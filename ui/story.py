"""The guided story on the page: `story` in the address is the step, beginning with 1."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.story import (
    GALLERY_PICTURE,
    Step,
    story_of_colours,
    story_of_photographs,
    story_of_the_gallery,
)
from core.workspace import Workspace
from ui.links import STORY, link, page_here


def offer_story(workspace: Workspace) -> None:
    """The way into the story, for whoever has asked nothing yet."""
    _link("Take the tour", steps(workspace), 1, icon=":material/slideshow:")


def story_strip(workspace: Workspace) -> None:
    """The step that the address names, and the ways on; nothing where it names none."""
    written = st.query_params.get(STORY, "")
    if not written.isdecimal() or not workspace.can_search():
        return
    told = steps(workspace)
    number = min(max(1, int(written[:4])), len(told))
    step = told[number - 1]
    with st.container(key="story", border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall", width="stretch"):
            st.markdown(f"**{number} of {len(told)} · {step.title}**")
            st.markdown(step.words)
        if number > 1:
            _link("Back", told, number - 1)
        if number < len(told):
            _link("Next", told, number + 1, type="primary")
        else:
            _link("Once more", told, 1, type="primary")
        if st.button("Leave", key="story-leave", type="tertiary"):
            del st.query_params[STORY]
            st.rerun()


def steps(workspace: Workspace) -> tuple[Step, ...]:
    """The story that this model can tell of this collection."""
    if workspace.queries.picture(GALLERY_PICTURE) is not None and not workspace.status().own:
        return story_of_the_gallery()
    [some] = workspace.some_pictures(1)
    if hasattr(workspace.embedder, "vocabulary"):
        return story_of_colours(some)
    # Azure's model of 2023-04-15 and Cohere's read a hundred languages; the others read English.
    many = workspace.embedder.id.startswith(("azure:2023-04-15", "cohere:"))
    return story_of_photographs(some, languages=many)


def _link(
    label: str,
    told: tuple[Step, ...],
    number: int,
    type: Literal["primary", "tertiary"] = "tertiary",
    icon: str = "",
) -> None:
    step = told[number - 1]
    query = {**step.query, STORY: str(number)}
    key = f"story-{label.lower().replace(' ', '-')}"
    link(label, step.page, query, key=key, here=page_here(), type=type, icon=icon)
