"""The engine behind the index, where it is PostgreSQL: what it holds, its indexes, a comparison."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import IndexUnavailable
from core.tuning import (
    BOUNDS,
    RECALL_AT,
    ApproximateIndex,
    Comparison,
    EngineState,
    Tuning,
)
from core.workspace import Workspace
from ui.numbers import count, percent
from ui.polling import poll, redraw, then_redraw
from ui.visitor import manage

WAYS = {
    "memory": "exact, in memory",
    "database": "exact, in the database",
    "hnsw": "HNSW",
    "ivfflat": "IVFFlat",
}

# What each kind calls the number of places that a search looks at.
WIDTH_NAMES = {"hnsw": "ef_search", "ivfflat": "probes"}
KINDS = ("hnsw", "ivfflat")

# The theme's accent, between its light and its dark one.
BAR = "#c0593f"

# Pictures that a comparison searches with.
QUERIES = 30


def engine(workspace: Workspace) -> None:
    """The expander; nothing where the index is a file here."""
    tuning = manage(workspace).tuning
    if tuning is None:
        return
    with st.expander("Engine", key="engine", icon=":material/database:"):
        try:
            state = tuning.state()
            _facts(state)
            building = state.building is not None
            poll(_build, building)(tuning, building)
            _compare(tuning, state)
            copying = workspace.copying.copy_state().running
            poll(_copy, copying)(workspace, copying)
        except IndexUnavailable as error:
            st.error(str(error), icon=":material/database_off:")


def _facts(state: EngineState) -> None:
    st.markdown(f"Searches are **{_words(state.search)}**.")
    st.caption(f"{count(state.rows, 'vector')} · {_size(state.bytes)} on the server")


def _words(search: str) -> str:
    return WAYS[search] if search in ("memory", "database") else f"approximate, by {WAYS[search]}"


def _size(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


# -- building --------------------------------------------------------------------------------


def _build(tuning: Tuning, was_building: bool) -> None:
    state = tuning.state()
    if was_building != (state.building is not None):
        redraw()
    if state.problem:
        st.error(state.problem, icon=":material/error:")
    for built in state.indexes:
        _built(tuning, built)
    if state.building is not None:
        share = state.building.share
        words = f"Building {WAYS[state.building.kind]}: {state.building.phase}"
        st.progress(share or 0.0, words if share is None else f"{words}, {share:.0%}")
        st.button(
            "Cancel",
            key="cancel-build",
            icon=":material/close:",
            on_click=_do(tuning.cancel),
        )
        return
    if state.search == "memory":
        st.caption(
            "The copy in memory is the better exact search at this size; an index is used where "
            "there are more, or with POSTGRES_SEARCH=database. It can be compared here all the "
            "same."
        )
    _new(tuning, state)


def _built(tuning: Tuning, built: ApproximateIndex) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        facts = [f"{name} {value}" for name, value in built.parameters.items()]
        facts.append(f"{WIDTH_NAMES[built.kind]} {built.width}")
        facts.append(_size(built.bytes))
        if built.seconds is not None:
            facts.append(f"built in {built.seconds:,.0f} s")
        if built.recall is not None:
            facts.append(f"finds {percent(built.recall)} of the {RECALL_AT} nearest")
        st.markdown(f"**{WAYS[built.kind]}** · {' · '.join(facts)}", width="content")
        st.button(
            "Drop",
            key=f"drop-{built.kind}",
            type="tertiary",
            icon=":material/delete:",
            on_click=_do(partial(tuning.drop, built.kind)),
        )


def _new(tuning: Tuning, state: EngineState) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Index",
            KINDS,
            default="hnsw",
            required=True,
            format_func=lambda each: WAYS[each],
            key="index-kind",
        )
        parameters = {
            name: st.number_input(
                name, *BOUNDS[kind][name], value, key=f"{kind}-{name}-{value}", width=150
            )
            for name, value in tuning.suggested(kind).items()
        }
        there = any(built.kind == kind for built in state.indexes)
        st.button(
            "Build again" if there else "Build an index",
            key="build-index",
            icon=":material/build:",
            disabled=not state.rows,
            on_click=_do(partial(tuning.build, kind, parameters)),
        )


# -- comparing -------------------------------------------------------------------------------


def _compare(tuning: Tuning, state: EngineState) -> None:
    widths: dict[str, int] = {}
    kinds = {built.kind: built for built in state.indexes}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for kind, built in kinds.items():
            # A single list of vectors is always read.
            most = built.parameters.get("lists", 1_000)
            name, key = WIDTH_NAMES[kind], f"{kind}-{most}-{built.width}"
            widths[kind] = built.width
            if most > 1:
                widths[kind] = st.slider(name, 1, most, built.width, key=key, width=260)
        pressed = st.button(
            "Compare",
            key="compare-ways",
            icon=":material/speed:",
            disabled=not state.rows,
            help=f"Asks {QUERIES} pictures for those nearest to them, in every way that there is.",
        )
    if pressed:
        with st.spinner("Comparing …"):
            st.session_state["compared"] = tuning.compare(QUERIES, widths)
    compared: Comparison | None = st.session_state.get("compared")
    if compared is not None:
        _table(compared, kinds)
        _chart(compared)


def _table(compared: Comparison, kinds: dict[str, ApproximateIndex]) -> None:
    rows = []
    for each in compared.measured:
        built = kinds.get(each.search)
        rows.append(
            {
                "search": WAYS[each.search],
                "median": f"{each.median:,.1f} ms",
                "95% below": f"{each.p95:,.1f} ms",
                f"recall@{RECALL_AT}": f"{each.recall:.3f}",
                "ef_search, probes": str(each.width or ""),
                "index": _size(built.bytes) if built else "",
                "built in": f"{built.seconds:,.0f} s" if built and built.seconds else "",
            }
        )
    st.dataframe(rows, hide_index=True)
    st.caption(
        f"Asked with {count(compared.queries, 'picture')} of the collection, one after the other. "
        "Bars: the median; lines: 95% of the searches took no longer."
    )


def _chart(compared: Comparison) -> None:
    # Only here: together they take most of a second to import, and few pages draw this.
    import altair as alt
    import pandas as pd

    frame = pd.DataFrame(
        {
            "search": [WAYS[each.search] for each in compared.measured],
            "median": [each.median for each in compared.measured],
            "p95": [each.p95 for each in compared.measured],
        }
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("search:N", sort=None, title=None, axis=alt.Axis(labelLimit=220))
    )
    bars = base.mark_bar(color=BAR, height=14).encode(x=alt.X("median:Q", title="ms a search"))
    ticks = base.mark_tick(color=BAR, thickness=2, height=18).encode(x="p95:Q")
    st.altair_chart(bars + ticks, height=60 + 32 * len(frame))


# -- copying ---------------------------------------------------------------------------------


def _copy(workspace: Workspace, was_copying: bool) -> None:
    state = workspace.copying.copy_state()
    if was_copying != state.running:
        redraw()
    if state.state == "failed":
        st.error(state.sentence, icon=":material/error:")
    elif state.state == "done":
        st.success(f"{count(state.total, 'vector')} copied.", icon=":material/check:")
    if state.running:
        share = state.done / state.total if state.total else 0.0
        st.progress(share, f"Copying: {count(state.done, 'vector')} of {state.total:,}")
        st.button(
            "Stop copying",
            key="stop-copy",
            icon=":material/close:",
            on_click=_do(lambda: manage(workspace).copying.cancel_copy()),
        )
        return
    with st.container(horizontal=True):
        if workspace.copying.can_copy_from_folder():
            st.button(
                "Copy the index in DATA_DIR to PostgreSQL",
                key="copy-here",
                icon=":material/database_upload:",
                on_click=_do(lambda: manage(workspace).copying.copy_from_folder()),
                help="Adds what is missing here. Nothing is paid for, and nothing is replaced.",
            )
        st.button(
            "Copy this index to DATA_DIR",
            key="copy-there",
            icon=":material/download:",
            on_click=_do(lambda: manage(workspace).copying.copy_to_folder()),
            help="So that the app has it without POSTGRES_HOST. Nothing there is replaced.",
        )


def _do(action: Callable[[], object]) -> Callable[[], None]:
    """The callback that carries out what a button asks for; where it is refused, it says why."""

    def act() -> None:
        try:
            action()
        except IndexUnavailable as error:
            st.toast(str(error), icon=":material/error:")

    return then_redraw(act)
