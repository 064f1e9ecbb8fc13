"""One query, two models: their answers side by side, and which of them is the better one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import EmbedderError, IndexUnavailable
from core.model import Scope, Vote
from core.search import Answer, Ranking, Term, agreement, votes_csv, written_parts
from core.workspace import Workspace
from ui.address import follow_choice, write_choice
from ui.answer import answered, asked_for, show_answer
from ui.brought import name_of
from ui.filters import asked_order
from ui.literal import literal
from ui.numbers import count
from ui.plain_table import plain_table
from ui.query import is_plain
from ui.query_parts import show_parts
from ui.results import by_column, first_of_page, marks_of
from ui.selection import drawn_elsewhere
from ui.standing_out import say_what_stands_out, say_why_not
from ui.strictness import strictness_control
from ui.take_along import table_button
from ui.visitor import manage, visitor
from ui.wall import PER_PAGE, Marks, wall

KEY = NAME = "side"
ON = "1"


@dataclass(frozen=True, eq=False)
class _Said:
    """What one model found, as it is shown: what stands out comes first."""

    ranking: Ranking
    marks: Marks


def wants_both() -> bool:
    """What the address says; known before the switch is drawn."""
    return st.query_params.get(NAME) == ON


def side_by_side_switch(workspace: Workspace) -> None:
    """The switch; nothing where there is no second model."""
    if not workspace.models.second_kind:
        return

    def write() -> None:
        write_choice(NAME, ON if st.session_state[KEY] else "")

    # A switch that is there already takes no first value; False is none.
    first = follow_choice(NAME, KEY, {ON: True}, default=False) or False
    st.toggle(
        "Side by side",
        value=first,
        key=KEY,
        on_change=write,
        width="content",
        help="Asks the second model too. Where a model is paid, a new query is one call more.",
    )


def costs_calls(workspace: Workspace) -> bool:
    """True if a new query costs a call, of either model where both are asked."""
    if workspace.embedder.paid or not (workspace.models.second_kind and wants_both()):
        return workspace.embedder.paid
    try:
        second = workspace.models.second()
    except EmbedderError:
        return False
    return second is not None and second.embedder.paid


def show_found(
    workspace: Workspace, terms: Sequence[Term], scope: Scope, hint: str
) -> Ranking | None:
    """What a search page shows: the answer of the first model or, where wanted, of both.

    As `show_answer`.
    """
    second = None
    if terms and workspace.models.second_kind and wants_both():
        try:
            second = workspace.models.second()
        except EmbedderError as error:
            # st.text: an answer of a service may be quoted.
            st.text(f"The second model does not answer. {error}")
    if second is None:
        return show_answer(workspace, terms, scope, hint)
    if not is_plain(terms):
        show_parts(workspace, terms)
    return _both(workspace, second, terms, scope)


def _both(
    workspace: Workspace, second: Workspace, terms: Sequence[Term], scope: Scope
) -> Ranking | None:
    """The answers of both models; returns the ranking of the first.

    terms: the query as the first model reads it.
    """
    top = st.container(horizontal=True, vertical_alignment="center")
    drawn_elsewhere()
    left, right = st.columns(2, gap="large")
    with left:
        left_head = _head(workspace)
        first = _said(workspace, terms, scope)
    with right:
        right_head = _head(second)
        # Each model reads a query in its own way.
        own = asked_for(second)
        other = _said(second, own, scope) if own else None
    # One for both: the same ranks stand beside each other.
    longest = max((len(each.ranking) for each in (first, other) if each), default=0)
    number = first_of_page(longest, key=f"side-{terms}-{hash(scope)}-{asked_order(workspace)}")
    has_bar = True  # whichever wall comes first
    for place, one, asked, said, key in (
        (left, workspace, terms, first, "side-0"),
        (right, second, own, other, "side-1"),
    ):
        if said is None:
            continue
        with place:
            shown = said.ranking.page(number, PER_PAGE)
            if number and not shown:
                st.caption("This model has found no more.")
                continue
            answer = Answer(tuple(asked), said.ranking)
            wall(one, shown, key=key, marks=said.marks, answer=answer, has_bar=has_bar)
            has_bar = False
            plain_table(one, shown, said.marks, key=f"as-table-{key}")
    with top:
        if first is not None and other is not None:
            shared, compared = agreement(first.ranking, other.ranking)
            st.markdown(f"**{shared} of the first {compared}** are the same")
        st.space("stretch")
        strictness_control()
        # What others asked for is nothing for every visitor.
        votes = manage(workspace).models.votes() if visitor(workspace).may_manage else None
        if votes:
            table_button("Votes (CSV)", lambda: votes_csv(votes), "votes.csv", key="votes")
    if first is not None and other is not None and votes is not None:
        _voting(workspace, second, votes, left_head, right_head, _in_words(workspace, terms))
    return first.ranking if first is not None else None


def _head(workspace: Workspace) -> DeltaGenerator:
    """The model's name, with room for what follows."""
    head = st.container(horizontal=True, vertical_alignment="center")
    head.markdown(f"## {literal(workspace.embedder.label, 60)}", width="content")
    return head


def _said(workspace: Workspace, terms: Sequence[Term], scope: Scope) -> _Said | None:
    """What the model answers, its sentence drawn; None where there are no pictures to hang."""
    found = answered(workspace, terms, scope)
    if found is None:
        return None
    if not found.ranking:
        if not scope.filters:  # else it was said that no picture meets them
            st.info("No picture here has a vector yet.", icon=":material/hourglass_empty:")
        return None
    relevance, ranking = found.relevance, found.ranking
    marks = marks_of(ranking.hits, relevance)
    if relevance is not None and relevance.line is not None:
        ranking = ranking.first(relevance.order.tolist())
        say_what_stands_out(ranking, relevance.count, _in_words(workspace, terms))
    else:
        st.markdown(f"**{count(len(ranking), 'picture')}**, most similar first")
        say_why_not(workspace, ranking, relevance)
    order = asked_order(workspace)
    if order is not None:
        lined = relevance is not None and relevance.line is not None
        above = relevance.count if relevance is not None and lined else 0
        ranking = by_column(workspace, ranking, order, above)
    return _Said(ranking, marks)


def _voting(
    workspace: Workspace,
    second: Workspace,
    votes: Sequence[Vote],
    left: DeltaGenerator,
    right: DeltaGenerator,
    query: str,
) -> None:
    """A thumb beside each model's name, with how often it was the better one of these two."""
    ids = workspace.embedder.id, second.embedder.id
    for place, pair, for_second in ((left, ids, False), (right, ids[::-1], True)):
        won = sum((vote.better, vote.other) == pair for vote in votes)
        chosen = any(v.query == query and (v.better, v.other) == pair for v in votes)
        place.button(
            "Better" + (f" · {won:,}" if won else ""),
            icon=":material/thumb_up:",
            key=f"vote-{for_second}",
            type="primary" if chosen else "tertiary",
            help="For this query. One vote counts for each query and pair of models.",
            on_click=_keep_vote,
            args=(workspace, query, for_second),
        )


def _keep_vote(workspace: Workspace, query: str, for_second: bool) -> None:
    try:
        manage(workspace).models.vote(query, for_second=for_second)
    except (EmbedderError, IndexUnavailable) as error:
        st.toast(literal(str(error), 400), icon=":material/error:")


def _in_words(workspace: Workspace, terms: Sequence[Term]) -> str:
    return written_parts(terms, [name_of(workspace, term) for term in terms])[0]
