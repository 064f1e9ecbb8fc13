"""The two things of the explorer's table that are looked at closely; `pair` in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import streamlit as st

from core.explore import Arithmetic, Metric, arithmetic
from core.workspace import Workspace
from ui.address import follow_choice, write_choice
from ui.comparison import has_table
from ui.table_items import Item, lengths_of, put_on_table
from ui.wall import thumbnail

NAME = KEY = "pair"

Pair: TypeAlias = tuple[int, int]
"""Places of the two among the items."""

SAME_THING = {
    Metric.COSINE: "a vector's cosine with itself is 1.",
    Metric.INNER_PRODUCT: "a vector's inner product with itself is the square of its length.",
    Metric.EUCLIDEAN: "a vector lies at the distance 0 from itself.",
}


@dataclass
class Held:
    """An element that the browser holds, on which a pair can be chosen.

    What is chosen on it, the browser shows at once and by itself. A pair that was chosen otherwise
    (by Back, on another element) takes a new element that begins with it: a value put into the one
    that is there is lost if a second run follows before the first one's messages were sent, and
    the browser then answers with the former value.
    """

    name: str
    number: int
    subject: str
    begins: Pair | None
    pair: Pair | None

    @property
    def key(self) -> str:
        return f"{self.name}-{self.number}"


def begin_with_pair() -> None:
    """In a session without a table, the pair of the address is put on it."""
    if not has_table():
        put_on_table(list(dict.fromkeys(st.query_params.get(NAME, "").split(",")))[:2])


def follow_pair(items: Sequence[Item]) -> Pair | None:
    """The places of the pair that is looked at; None where there is none or it is not there."""
    written = st.query_params.get(NAME, "")
    first = follow_choice(NAME, KEY, {written: written}, "")
    if first is not None:
        st.session_state[KEY] = first
    one, _, other = st.session_state[KEY].partition(",")
    places = {item.name: place for place, item in enumerate(items)}
    return (places[one], places[other]) if one in places and other in places else None


def is_missing(pair: Pair | None) -> bool:
    """True if a pair was asked for that is not on the table."""
    return pair is None and bool(st.session_state[KEY])


def write_pair(items: Sequence[Item], pair: Pair | None) -> None:
    """Look at this pair from now on, or at none."""
    name = "" if pair is None else ",".join(items[place].name for place in pair)
    st.session_state[KEY] = name
    write_choice(NAME, name)


def held(name: str, subject: str, pair: Pair | None) -> Held:
    """The element `name` of the page, a new one where it does not show this pair already.

    subject: what it lets choose from; another subject is another element too.
    """
    known: Held | None = st.session_state.get(name)
    if known is None or (known.subject, known.pair) != (subject, pair):
        known = Held(name, known.number + 1 if known else 0, subject, pair, pair)
        st.session_state[name] = known
    return known


def choose_pair(items: Sequence[Item], pair: Pair | None) -> None:
    """The two as select boxes, for whoever uses no pointer; they follow a click on the map."""
    boxes = held("pair-boxes", ",".join(item.name for item in items), pair)
    keys = [f"{boxes.key}-{name}" for name in "ab"]

    def write() -> None:
        one, other = (st.session_state[key] for key in keys)
        boxes.pair = None if one is None or other is None else (one, other)
        write_pair(items, boxes.pair)

    for column, name, key, place in zip(
        st.columns(2), "ab", keys, boxes.begins or (None, None), strict=True
    ):
        with column:
            st.selectbox(
                f"Vector {name}",
                range(len(items)),
                index=place,
                format_func=lambda at: items[at].label,
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
    pair: Pair,
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
        f"The {len(largest)} of {dimensions:,} dimensions (counted from 0) with the largest "
        f"products; together they make {together:,.4f} of the dot product."
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
