"""Why a result is where it is, and why one is above another: drawn in the larger view."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.model import Hit
from core.search import Answer, Result, Term, main_reason, nearer_than
from core.workspace import Workspace
from ui.brought import name_of
from ui.share_table import Row, share_table


def why(workspace: Workspace, answer: Answer, hit: Hit) -> None:
    """What of the query the picture answers to, and how it lies in the collection."""
    compared = workspace.compared(answer.ranking)
    st.caption(f"Nearer than {nearer_than(hit.rank, compared)} % of {compared:,} pictures")
    if _has_parts(answer, hit):
        rows = [
            Row(_signed(term, name_of(workspace, term)), (share,))
            for term, share in zip(answer.terms, hit.shares, strict=True)
        ]
        share_table(rows, ("Share",), (hit.cosine,), key="why", adds_up=True)
    elif words := workspace.words.own_words(answer.terms, [hit.picture_id]):
        st.caption("The words of the query, each asked singly:")
        share_table([Row(word, values) for word, values in words], ("Cosine",), key="why")


@st.fragment
def hold_against(
    workspace: Workspace, answer: Answer, result: Result, shown: Sequence[Result]
) -> None:
    """Choose another result of the page; the difference of the two, part by part."""
    others = {
        one.picture.id: one for one in shown if one.hit and one.picture.id != result.picture.id
    }
    if not others:
        return
    chosen = st.selectbox(
        "Hold against",
        list(others),
        index=None,
        format_func=lambda one: _rank_and_name(others[one]),
        placeholder="Another picture of this page",
        key=f"hold-against-{result.picture.id}",
    )
    if chosen in others:
        _differences(workspace, answer, *sorted((result, others[chosen]), key=_rank))


def _differences(workspace: Workspace, answer: Answer, a: Result, b: Result) -> None:
    """a: the nearer of the two."""
    assert a.hit is not None and b.hit is not None
    left, right = st.columns([2, 3], gap="medium")
    with left, st.container(key="facts-held", horizontal=True):
        for letter, one in (("A", a), ("B", b)):
            with st.container(width=140, gap="xxsmall"):
                if small := workspace.thumbnail(one.picture.id):
                    st.image(small, alt=one.picture.name, width="stretch")
                st.text(one.picture.name)
                st.caption(f"{letter} · rank {_rank(one):,}")
    with right:
        cosines = (a.hit.cosine, b.hit.cosine)
        if _has_parts(answer, a.hit) and _has_parts(answer, b.hit):
            names = [name_of(workspace, term) for term in answer.terms]
            part, lead = main_reason(a.hit.shares, b.hit.shares)
            if lead > 0:
                less = "it is less like" if answer.terms[part].weight < 0 else "of"
                # st.text: the names are a visitor's.
                st.text(f"A is above B mostly because {less} “{names[part]}” ({lead:+.4f}).")
            signed = [_signed(*one) for one in zip(answer.terms, names, strict=True)]
            pairs = zip(signed, a.hit.shares, b.hit.shares, strict=True)
            rows = [Row(name, (first, second)) for name, first, second in pairs]
            share_table(rows, ("A", "B"), cosines, key="held", adds_up=True)
        elif words := workspace.words.own_words(answer.terms, [a.picture.id, b.picture.id]):
            st.text("The words of the query, each asked singly; they do not add up to the cosine.")
            share_table(
                [Row(word, values) for word, values in words], ("A", "B"), cosines, key="held"
            )
        else:
            st.text("The query has one part, so that all of the difference is its own.")
            share_table([], ("A", "B"), cosines, key="held")


def _has_parts(answer: Answer, hit: Hit) -> bool:
    """Whether there are shares to tell apart."""
    return len(hit.shares) == len(answer.terms) > 1


def _signed(term: Term, name: str) -> str:
    return f"− {name}" if term.weight < 0 else name


def _rank(result: Result) -> int:
    return result.hit.rank if result.hit is not None else 0


def _rank_and_name(result: Result) -> str:
    return f"{_rank(result):,} · {result.picture.name}"
