"""Filters by what is known of the pictures, and their order: `where` and `sort` in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

import streamlit as st

from core.model import Column, ColumnType, Filter, Order, Scope
from core.search import in_words, number_as_text, parse_filters, print_filters
from core.workspace import Workspace
from ui.literal import literal
from ui.numbers import count

T = TypeVar("T")

NAME, SORT = "where", "sort"
PANEL = "filters"

# Longer texts are cut where they stand in a line.
SHOWN = 60

# Pixels: four of them stand beside each other on a wide page, and one on a phone.
WIDTH = 255

# What the two directions of an order are called.
DIRECTIONS = {
    ColumnType.NUMBER: ("lowest first", "highest first"),
    ColumnType.DATE: ("oldest first", "newest first"),
    ColumnType.CATEGORY: ("A to Z", "Z to A"),
    ColumnType.TEXT: ("A to Z", "Z to A"),
}


def filtered(workspace: Workspace, scope: Scope, *, sortable: bool = False) -> Scope:
    """The scope with the filters of the address, which are said, with the way to change them.

    sortable: the page shows its pictures in an order that can be another.
    """
    columns = workspace.known.columns()
    written = st.query_params.get(NAME, "")
    read = parse_filters(written, columns)
    for problem in read.problems:
        # st.text: it quotes the address, which is a visitor's.
        st.text(problem)
    narrow = replace(scope, filters=read.filters)
    # Of the gallery other things are known than of one's own pictures.
    asked = {wanted.column for wanted in read.filters}
    columns = [one for one in columns if one.speaks_of(scope) or one.name in asked]
    if not columns:
        return narrow
    with st.expander(
        "Filter and sort" if sortable else "Filter",
        key=PANEL,
        on_change="rerun",
        icon=":material/filter_alt:",
    ) as panel:
        if panel.open:
            _widgets(workspace, columns, narrow, written)
            if sortable:
                _order(columns)
    if read.filters:
        _say(workspace, scope, narrow, columns)
    return narrow


def filters_asked() -> dict[str, str]:
    """The filters of this page, for the address of another."""
    written = st.query_params.get(NAME, "")
    return {NAME: written} if written else {}


def asked_order(workspace: Workspace) -> Order | None:
    """The order that the address asks for; None for that of the likeness."""
    written = st.query_params.get(SORT, "")
    if not written:
        return None
    name = written.removeprefix("-").casefold()
    known = [column.name for column in workspace.known.columns() if column.name.casefold() == name]
    return Order(known[0], written.startswith("-")) if known else None


def order_in_words(workspace: Workspace, order: Order) -> str:
    """ "Year, lowest first", as text for Markdown."""
    types = {column.name: column.type for column in workspace.known.columns()}
    direction = DIRECTIONS[types.get(order.column, ColumnType.TEXT)][order.descending]
    return f"{literal(order.column, SHOWN)}, {direction}"


def _say(workspace: Workspace, scope: Scope, narrow: Scope, columns: Sequence[Column]) -> None:
    types = {column.name: column.type for column in columns}
    said = " · ".join(
        f"**{literal(wanted.column, SHOWN)}** "
        f"{literal(in_words(wanted, types[wanted.column]), SHOWN)}"
        for wanted in narrow.filters
    )
    there, of = workspace.known.count(narrow), workspace.known.count(scope)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filtered"):
        how_many = f"{there:,} of {count(of, 'picture')}" if there else "no picture"
        st.markdown(f":material/filter_alt: {said} · {how_many}", width="content")
        st.button("Clear", key="filters-clear", type="tertiary", on_click=_clear)


def _clear() -> None:
    if NAME in st.query_params:
        del st.query_params[NAME]


# -- the widgets, which follow the address and write it -------------------------------------------


def _widgets(workspace: Workspace, columns: Sequence[Column], narrow: Scope, written: str) -> None:
    # An address that changed by itself (a link, Back, "Clear") is taken over by the widgets.
    came = st.session_state.get(f"address-{NAME}") != written
    st.session_state[f"address-{NAME}"] = written
    by_column = {wanted.column: wanted for wanted in narrow.filters}
    with st.container(key="filter-grid", horizontal=True, vertical_alignment="bottom"):
        for column in columns:
            wanted = by_column.get(column.name, Filter(column.name))
            # As if it were not set: what else one could choose.
            others = tuple(other for other in narrow.filters if other.column != column.name)
            spread = workspace.known.spread(column, replace(narrow, filters=others))
            if not spread.pictures and wanted.column not in by_column:
                continue
            if column.type is ColumnType.CATEGORY:
                _choices(columns, column, wanted, dict(spread.values), came)
            elif column.type is ColumnType.TEXT:
                _words(columns, column, wanted, came)
            else:
                _bounds(columns, column, wanted, (spread.low, spread.high), came)


def _key(column: Column, part: str = "") -> str:
    return f"{NAME}-{part}-{column.name}"


def _first(key: str, value: T, came: bool) -> T | None:
    """The first value of a widget; one that is there gets it, where the address changed."""
    if key in st.session_state:
        if came:
            st.session_state[key] = value
        return None
    return value


def _choices(
    columns: Sequence[Column], column: Column, wanted: Filter, values: dict[str, int], came: bool
) -> None:
    key = _key(column)
    options = [*values, *(text for text in wanted.any_of if text not in values)]
    chosen = [text for text in st.session_state.get(key, []) if text not in options]
    first = _first(key, list(wanted.any_of), came)
    st.multiselect(
        literal(column.name, SHOWN),
        [*options, *chosen],
        default=first or None,
        format_func=lambda text: f"{text[:SHOWN]} ({values.get(text, 0):,})",
        key=key,
        placeholder="Any",
        on_change=_write,
        args=(columns,),
        width=WIDTH,
    )


def _words(columns: Sequence[Column], column: Column, wanted: Filter, came: bool) -> None:
    key = _key(column)
    first = _first(key, wanted.contains, came)
    st.text_input(
        literal(column.name, SHOWN),
        value=str(first or ""),
        key=key,
        placeholder="contains …",
        autocomplete="off",
        on_change=_write,
        args=(columns,),
        width=WIDTH,
    )


def _bounds(
    columns: Sequence[Column],
    column: Column,
    wanted: Filter,
    reach: tuple[float | None, float | None],
    came: bool,
) -> None:
    """Two fields, from and to; what they reach at most stands in them while they are empty."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", width=WIDTH):
        for part, bound, end in (("from", wanted.low, reach[0]), ("to", wanted.high, reach[1])):
            key = _key(column, part)
            label = f"{literal(column.name, SHOWN)} from" if part == "from" else "to"
            if column.type is ColumnType.DATE:
                st.date_input(
                    label,
                    value=_first(key, _day(bound), came),
                    min_value=date.min,
                    max_value=date.max,
                    format="YYYY-MM-DD",
                    key=key,
                    on_change=_write,
                    args=(columns,),
                )
            else:
                st.number_input(
                    label,
                    value=_first(key, bound, came),
                    step=1.0,
                    format="%.6g",
                    placeholder="" if end is None else number_as_text(end, column.type),
                    key=key,
                    on_change=_write,
                    args=(columns,),
                )


def _day(bound: float | None) -> date | None:
    if bound is None:
        return None
    return date.fromordinal(min(max(1, round(bound)), date.max.toordinal()))


def _write(columns: Sequence[Column]) -> None:
    """After a change of a widget: say all of them in the address; one step Back undoes it."""
    written = print_filters([wanted for one in columns if (wanted := _read(one))], columns)
    st.session_state[f"address-{NAME}"] = written
    if written:
        st.query_params[NAME] = written
    else:
        _clear()


def _read(column: Column) -> Filter | None:
    """What the widgets of a column ask for."""
    state = st.session_state
    if column.type is ColumnType.CATEGORY:
        chosen = tuple(state.get(_key(column), ()))
        return Filter(column.name, any_of=chosen) if chosen else None
    if column.type is ColumnType.TEXT:
        text = str(state.get(_key(column), "")).strip()
        return Filter(column.name, contains=text) if text else None
    ends = [state.get(_key(column, part)) for part in ("from", "to")]
    low, high = (float(end.toordinal()) if isinstance(end, date) else end for end in ends)
    if low is None and high is None:
        return None
    return Filter(column.name, low=low, high=high)


def _order(columns: Sequence[Column]) -> None:
    options = {"": "Likeness"}
    for column in columns:
        for sign, direction in zip(("", "-"), DIRECTIONS[column.type], strict=True):
            options[f"{sign}{column.name}"] = f"{column.name[:SHOWN]}, {direction}"
    written = st.query_params.get(SORT, "")
    by_case = {option.casefold(): option for option in options}
    asked = by_case.get(written.casefold(), "")
    came = st.session_state.get(f"address-{SORT}") != written
    st.session_state[f"address-{SORT}"] = written
    key = f"{SORT}-by"
    first = _first(key, asked, came)
    if st.session_state.get(key) not in (None, *options):  # a column that has gone since
        del st.session_state[key]
        first = ""
    st.selectbox(
        "Sort by",
        list(options),
        index=list(options).index(str(first or "")),
        format_func=options.__getitem__,
        key=key,
        on_change=_write_order,
        args=(key,),
        width=WIDTH,
    )


def _write_order(key: str) -> None:
    chosen = st.session_state[key]
    st.session_state[f"address-{SORT}"] = chosen
    if chosen:
        st.query_params[SORT] = chosen
    elif SORT in st.query_params:
        del st.query_params[SORT]
