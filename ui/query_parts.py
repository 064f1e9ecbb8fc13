"""How a query was read: one chip for each part, which can be edited, weighted and removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.search import LARGEST_WEIGHT, SMALLEST_WEIGHT, Term, print_text, query_key

FOR, AGAINST = "for", "against"


def show_parts(terms: Sequence[Term]) -> None:
    """A row of chips. A change is written into the address, which the search box follows."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="parts"):
        st.caption("Read as", width="content")
        for number, term in enumerate(terms):
            with st.popover(_label(term), key=f"part-{number}", width="content"):
                _edit(terms, number)


def _label(term: Term) -> str:
    sign = "−" if term.weight < 0 else "+"
    size = abs(term.weight)
    text = term.text if len(term.text) <= 30 else f"{term.text[:29]}…"
    # A label is markdown, and the text is a visitor's.
    shown = "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+-.!|~:$" else c for c in text)
    return f"{sign} {shown}" if size == 1 else f"{sign} {size:g} × {shown}"


def _edit(terms: Sequence[Term], number: int) -> None:
    """The inside of a chip. Its widgets start from the part anew whenever the query changes."""
    term = terms[number]
    key = f"{number}-{print_text(terms)}"

    def change() -> None:
        size = float(st.session_state[f"size-{key}"])
        sign = -1 if st.session_state[f"sign-{key}"] == AGAINST else 1
        text = query_key(st.session_state[f"text-{key}"])
        _write(terms, number, replace(term, text=text, weight=sign * size) if text else None)

    st.text_input("Text", value=term.text, key=f"text-{key}", on_change=change)
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
    after = [*terms[:number], *([changed] if changed else []), *terms[number + 1 :]]
    if after:
        st.query_params["q"] = print_text(after)
    elif "q" in st.query_params:
        del st.query_params["q"]
