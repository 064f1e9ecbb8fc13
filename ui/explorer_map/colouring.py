"""The map's pictures in the colours of a column: `colour` in the address."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.explore import DrawnMap
from core.model import Column, ColumnType, Filter, Scope, Value
from core.search import number_as_text, parse_filters, print_filters
from core.story import EXPLORER, TEXT_SEARCH
from core.workspace import Workspace
from ui.address import follow_choice, write_choice
from ui.collection_map import Colours
from ui.filters import NAME as WHERE
from ui.filters import SHOWN
from ui.links import link
from ui.literal import literal
from ui.scope import NAME as SCOPE

KEY, NAME = "map-colour", "colour"

# More colours are not told apart; what is left shares a grey.
MOST_COLOURS = 11
OTHERS = "hsl(0 0% 55%)"

# So many steps of a number or a date, each with as many pictures as the others.
STEPS = 7

TYPES = (ColumnType.CATEGORY, ColumnType.NUMBER, ColumnType.DATE)


@dataclass(frozen=True, eq=False)
class Legend:
    """What one colour stands for. wanted: the filter that means these pictures, if there is one."""

    colour: str
    label: str
    pictures: int
    wanted: Filter | None


@dataclass(frozen=True, eq=False)
class Colouring:
    """column: its name. colours: as the map takes them. legend: in their order."""

    column: str
    colours: Colours
    legend: Sequence[Legend]


def choose_column(workspace: Workspace, scope: Scope) -> Column | None:
    """The column that colours the map; None for none. Drawn only where there is one."""
    columns = {one.name: one for one in workspace.known.columns(scope) if one.type in TYPES}
    if not columns:
        return None
    in_address: dict[str, str] = {name: name for name in columns}
    if st.session_state.get(KEY) not in (None, "", *columns):  # a column that has gone since
        del st.session_state[KEY]
    first = follow_choice(NAME, KEY, in_address, "")
    options = ["", *columns]
    chosen = st.selectbox(
        "Colour by",
        options,
        index=options.index(first) if first is not None else 0,
        format_func=lambda name: name[:SHOWN] or "Group",
        key=KEY,
        on_change=lambda: write_choice(NAME, st.session_state[KEY]),
        persist_state="session",
        width=180,
    )
    return columns.get(chosen)


def colouring(workspace: Workspace, column: Column, drawn: DrawnMap) -> Colouring:
    """Which colour each picture of the map has, and what the colours stand for."""
    return _colouring(workspace.map_state(), column, drawn.files.points, workspace, drawn)


@st.cache_resource(max_entries=24, show_spinner=False)
def _colouring(
    state: str, column: Column, points: str, _workspace: Workspace, _drawn: DrawnMap
) -> Colouring:
    # The first three name what the others hold.
    ids = _drawn.files.ids
    values = _workspace.known.values(ids, column)
    by_number = column.type is not ColumnType.CATEGORY
    legend, number_of = (_steps if by_number else _categories)(column, values)
    of = [number_of.get(values[i], -1) if i in values else -1 for i in ids]
    counts = Counter(of)
    legend = [replace(one, pictures=counts[number]) for number, one in enumerate(legend)]
    return Colouring(column.name, Colours(of, [one.colour for one in legend]), legend)


def _categories(column: Column, values: dict[str, Value]) -> tuple[list[Legend], dict[Value, int]]:
    frequent = [value for value, _ in Counter(values.values()).most_common()]
    legend = [
        Legend(
            f"hsl({round((number * 137.508 + 20) % 360)} 60% 50%)",
            value.text,
            0,
            Filter(column.name, any_of=(value.text,)),
        )
        for number, value in enumerate(frequent[:MOST_COLOURS])
    ]
    if len(frequent) > MOST_COLOURS:
        legend.append(Legend(OTHERS, "others", 0, None))
    return legend, {value: min(number, MOST_COLOURS) for number, value in enumerate(frequent)}


def _steps(column: Column, values: dict[str, Value]) -> tuple[list[Legend], dict[Value, int]]:
    numbers = np.sort([value.number for value in values.values() if value.number is not None])
    if not len(numbers):
        return [], {}
    # Of equal numbers none is in two steps.
    starts = np.unique(numbers[np.arange(STEPS) * len(numbers) // STEPS])
    steps = {
        value: int(np.searchsorted(starts, value.number, side="right")) - 1
        for value in set(values.values())
        if value.number is not None
    }
    legend = []
    for number in range(len(starts)):
        inside = [value.number or 0.0 for value, step in steps.items() if step == number]
        low, high = min(inside), max(inside)
        ends = [number_as_text(end, column.type) for end in dict.fromkeys((low, high))]
        hue = round(225 - 205 * number / max(1, len(starts) - 1))
        wanted = Filter(column.name, low=low, high=high)
        legend.append(Legend(f"hsl({hue} 65% 50%)", " – ".join(ends), 0, wanted))
    return legend, steps


def show_legend(workspace: Workspace, found: Colouring) -> None:
    """Each line searches within the pictures of its colour."""
    st.markdown(f"**{literal(found.column, SHOWN)}**")
    columns = workspace.known.columns()
    set_now = parse_filters(st.query_params.get(WHERE, ""), columns).filters
    others = [one for one in set_now if one.column != found.column]
    scope = st.query_params.get(SCOPE, "")
    for number, one in enumerate(found.legend):
        with st.container(key=f"legend-{number}", horizontal=True, vertical_alignment="center"):
            dot = f"background: {one.colour}; width: .8rem; height: .8rem; border-radius: 50%"
            st.html(f"<div style='{html.escape(dot)}'></div>", width="content")
            label = f"{literal(one.label, 40)} · {one.pictures:,}"
            if one.wanted is None:
                st.markdown(label, width="content")
                continue
            where = print_filters([*others, one.wanted], columns)
            asked = {WHERE: where, **({SCOPE: scope} if scope else {})}
            link(label, TEXT_SEARCH, asked, key=f"legend-{number}", here=EXPLORER)
    unknown = sum(number < 0 for number in found.colours.of)
    if unknown:
        st.caption(f"{unknown:,} without a value have no colour.")
