"""The two things of the explorer's table that are looked at closely; `pair` in the address."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.explore import Arithmetic, Metric, arithmetic
from core.workspace import Workspace
from ui.address import follow_choice, write_choice
from ui.comparison import has_table
from ui.table_items import Item, lengths_of, put_on_table
from ui.wall import thumbnail

NAME = KEY = "pair"
ONE, OTHER = "pair-one", "pair-other"

SAME_THING = {
    Metric.COSINE: "a vector's cosine with itself is 1.",
    Metric.INNER_PRODUCT: "a vector's inner product with itself is the square of its length.",
    Metric.EUCLIDEAN: "a vector lies at the distance 0 from itself.",
}


def pair_name(one: Item, other: Item) -> str:
    return f"{one.name},{other.name}"


def begin_with_pair() -> None:
    """In a session without a table, the pair of the address is put on it."""
    if not has_table():
        put_on_table(list(dict.fromkeys(st.query_params.get(NAME, "").split(",")))[:2])


def follow_pair(items: Sequence[Item]) -> tuple[int, int] | None:
    """The places of the pair that is looked at; None where there is none or it is not there."""
    written = st.query_params.get(NAME, "")
    first = follow_choice(NAME, KEY, {written: written}, "")
    if first is not None:
        st.session_state[KEY] = first
    one, _, other = st.session_state[KEY].partition(",")
    places = {item.name: place for place, item in enumerate(items)}
    return (places[one], places[other]) if one in places and other in places else None


def is_missing(pair: tuple[int, int] | None) -> bool:
    """True if a pair was asked for that is not on the table."""
    return pair is None and bool(st.session_state[KEY])


def write_pair(name: str) -> None:
    """Look at this pair from now on; "" for none."""
    st.session_state[KEY] = name
    write_choice(NAME, name)


def choose_pair(items: Sequence[Item], pair: tuple[int, int] | None) -> None:
    """The two as select boxes, for whoever uses no pointer; they follow a click on the map."""
    by_name = {item.name: item for item in items}
    shown = None if pair is None else pair_name(items[pair[0]], items[pair[1]])
    following = st.session_state.get("pair-shown") == shown
    st.session_state["pair-shown"] = shown
    for key, place in zip((ONE, OTHER), pair or (None, None), strict=True):
        if not following or st.session_state.get(key) not in by_name:
            st.session_state[key] = None if place is None else items[place].name

    def write() -> None:
        one, other = st.session_state[ONE], st.session_state[OTHER]
        if one in by_name and other in by_name:
            write_pair(pair_name(by_name[one], by_name[other]))

    for column, key, name in zip(st.columns(2), (ONE, OTHER), ("a", "b"), strict=True):
        with column:
            st.selectbox(
                f"Vector {name}",
                list(by_name),
                format_func=lambda name: by_name[name].label,
                key=key,
                placeholder="Choose",
                on_change=write,
            )


def show_pair(
    workspace: Workspace,
    items: Sequence[Item],
    values: np.ndarray,
    metric: Metric,
    label: str,
    pair: tuple[int, int],
) -> None:
    """The two side by side, the metric, and the numbers that lead to it.

    values: the metric of every pair of items, shape (n, n). label: the name of the metric.
    """
    row, column = pair
    with st.container(key="pair"):
        for at, place in zip(pair, st.columns(2), strict=True):
            with place:
                item = items[at]
                if item.picture_id:
                    st.image(thumbnail(workspace, item.picture_id), alt=item.label, width="stretch")
                st.text(item.label)
    value = float(values[row, column])
    st.metric(label, "not known" if np.isnan(value) else f"{value:z,.4f}")
    if row == column:
        st.caption(f"The same thing twice: {SAME_THING[metric]}")
    else:
        _rank(values, value, metric)
    one, other = items[row], items[column]
    first, second = lengths_of(workspace, [one, other])
    if first is None or second is None:
        st.caption(
            "A length was not kept, so these are the numbers of both vectors scaled to length 1."
        )
        first = second = 1.0
    _show_arithmetic(arithmetic(one.vector, other.vector, (first, second)), len(one.vector))


def _rank(values: np.ndarray, value: float, metric: Metric) -> None:
    off = values[np.triu_indices(len(values), 1)]
    off = off[~np.isnan(off)]
    if len(off) < 2 or np.isnan(value):
        return
    nearer = off < value if metric.smaller_is_nearer else off > value
    st.caption(f"Number {int(nearer.sum()) + 1} of the {len(off)} pairs on the table.")


def _show_arithmetic(numbers: Arithmetic, dimensions: int) -> None:
    one, other = numbers.lengths
    dot = f"{numbers.dot_product:,.4f}"
    st.table(
        {
            "Dot product, a · b": dot,
            "Lengths, ‖a‖ and ‖b‖": f"{one:,.4f} and {other:,.4f}",
            "Cosine, a · b / (‖a‖ ‖b‖)": (
                f"{dot} / ({one:,.4f} × {other:,.4f}) = {numbers.cosine:.4f}"
            ),
            "Euclidean distance, ‖a − b‖": f"{numbers.distance:,.4f}",
        },
        border="horizontal",
        hide_header=True,
        alt="The arithmetic of the pair",
    )
    largest = numbers.largest
    together = sum(one.product for one in largest)
    st.caption(
        f"The {len(largest)} of {dimensions:,} dimensions with the largest products; together they "
        f"make {together:,.4f} of the dot product."
    )
    st.table(
        {
            "dimension": [str(one.dimension) for one in largest],
            "a": [f"{one.one:,.4f}" for one in largest],
            "b": [f"{one.other:,.4f}" for one in largest],
            "a × b": [f"{one.product:,.4f}" for one in largest],
        },
        border="horizontal",
        hide_index=True,
        alt="The dimensions that count most",
    )
