"""How a query was read: one chip for each part, which can be edited, weighted and removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.search import LARGEST_WEIGHT, SMALLEST_WEIGHT, Term, query_key
from core.workspace import Workspace
from ui.brought import brought, name_of
from ui.literal import literal
from ui.query import write_terms
from ui.wall import thumbnail

FOR, AGAINST = "for", "against"

# A longer label would fill a line of its own.
SHOWN = 30


def show_parts(workspace: Workspace, terms: Sequence[Term]) -> None:
    """A row of chips. A change is written into the address, which the page follows."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="parts"):
        st.caption("Read as", width="content")
        for number, term in enumerate(terms):
            if term.picture_id and (shown := _picture_of(workspace, term)):
                st.image(shown, alt="", width=40)
            with st.popover(_label(workspace, term), key=f"part-{number}", width="content"):
                _edit(workspace, terms, number)


def _picture_of(workspace: Workspace, term: Term) -> str | bytes:
    """What st.image draws of a picture part; empty where there is nothing to draw."""
    own = brought().get(term.picture_id)
    return own.thumbnail if own is not None else thumbnail(workspace, term.picture_id)


def _label(workspace: Workspace, term: Term) -> str:
    sign = "−" if term.weight < 0 else "+"
    size = abs(term.weight)
    shown = literal(name_of(workspace, term), SHOWN)
    return f"{sign} {shown}" if size == 1 else f"{sign} {size:g} × {shown}"


def _edit(workspace: Workspace, terms: Sequence[Term], number: int) -> None:
    """The inside of a chip. Its widgets start from the part anew whenever the query changes."""
    term = terms[number]
    key = f"{number}-{terms}"

    def change() -> None:
        size = float(st.session_state[f"size-{key}"])
        sign = -1 if st.session_state[f"sign-{key}"] == AGAINST else 1
        text = query_key(st.session_state[f"text-{key}"]) if term.text else ""
        kept = text or term.picture_id
        _write(terms, number, replace(term, text=text, weight=sign * size) if kept else None)

    if term.text:
        st.text_input("Text", value=term.text, key=f"text-{key}", on_change=change)
    else:
        name = name_of(workspace, term)
        if shown := _picture_of(workspace, term):
            st.image(shown, alt=name, width=160)
        st.text(name)
        if term.region is not None:
            st.button(
                "Whole picture",
                key=f"whole-{key}",
                on_click=lambda: _write(terms, number, replace(term, region=None)),
            )
    st.segmented_control(
        "Counts",
        [FOR, AGAINST],
        default=AGAINST if term.weight < 0 else FOR,
        required=True,
        key=f"sign-{key}",
        on_change=change,
    )
    st.number_input(
        "Weight",
        min_value=SMALLEST_WEIGHT,
        max_value=LARGEST_WEIGHT,
        value=abs(term.weight),
        step=0.5,
        format="%g",
        key=f"size-{key}",
        on_change=change,
    )
    st.button(
        "Remove",
        icon=":material/close:",
        key=f"remove-{key}",
        on_click=lambda: _write(terms, number, None),
    )


def _write(terms: Sequence[Term], number: int, changed: Term | None) -> None:
    """Put a changed part in the place of the old one, or remove it, and say so in the address."""
    write_terms([*terms[:number], *([changed] if changed else []), *terms[number + 1 :]])
