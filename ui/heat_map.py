"""A metric of every pair of things, as a heat map that can be clicked."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from core.explore import Metric
from core.search import harmless
from ui.pair import Pair, held, write_pair
from ui.table_items import Item

# Readable on the light and on the dark page.
INK = "#857b6f"

CELL = 72  # pixels; twelve of them fit a laptop

# The nearness of a pair of which it is not known, and its colour on either page.
UNKNOWN = -1
UNKNOWN_COLOUR = "#d8d3cc"
# Above this nearness a cell is dark.
WHITE_ABOVE = 0.6


def heat_map(
    items: Sequence[Item], values: np.ndarray, metric: Metric, label: str, pair: Pair | None
) -> None:
    """Draw the values of every pair, shape (n, n), NaN where one is not known.

    label: what the values are. pair: the places of the two that are looked at; a click changes it.
    """
    drawn = held("heat-map", ",".join([metric, *(item.name for item in items)]), pair)

    def take_click() -> None:
        drawn.pair = _clicked(st.session_state[drawn.key], len(items))
        write_pair(items, drawn.pair)

    st.altair_chart(
        _chart(items, values, metric, label, drawn.begins),
        height=CELL * (len(items) + 1),  # room is kept while one chart takes another's place
        key=drawn.key,
        on_select=take_click,
        selection_mode="cell",
        alt=f"{label} of every pair on the table",
    )


def _clicked(state: Mapping[str, Any], count: int) -> Pair | None:
    points = state["selection"]["cell"]
    if not points:
        return None
    row, column = int(points[0]["row"]), int(points[0]["column"])
    return (row, column) if row < count and column < count else None


def _chart(
    items: Sequence[Item], values: np.ndarray, metric: Metric, label: str, begins: Pair | None
) -> alt.LayerChart:
    n = len(items)
    rows, columns = np.indices((n, n))
    cells = pd.DataFrame(
        {
            "row": rows.ravel(),
            "column": columns.ravel(),
            "nearness": nearness(values, metric).ravel(),
            "short": _written(values),
            "value": ["not known" if np.isnan(v) else f"{v:z.4f}" for v in values.ravel()],
            "one": [item.label for item in items for _ in items],
            "other": [item.label for _ in items for item in items],
        }
    )
    # For screen readers, which would be told every number of the drawing otherwise.
    cells["said"] = "one: " + cells["one"] + "; other: " + cells["other"]
    cells["said"] += f"; {label.lower()}: " + cells["value"]
    ends = pd.DataFrame(
        [
            {
                "place": place,
                "edge": -1,
                "label": item.label,
                "lines": _lines(item.label),
                "url": item.thumbnail or None,
            }
            for place, item in enumerate(items)
        ]
    )
    across = alt.Scale(domain=[-1.5, n - 0.5], nice=False, zero=False)
    down = alt.Scale(domain=[-1.5, n - 0.5], nice=False, zero=False, reverse=True)
    first = [{"row": begins[0], "column": begins[1]}] if begins else alt.Undefined
    picked = alt.selection_point(name="cell", fields=["row", "column"], empty=False, value=first)
    base = alt.Chart(cells)
    half = 0.48
    squares = (
        base.transform_calculate(
            x1=f"datum.column - {half}",
            x2=f"datum.column + {half}",
            y1=f"datum.row - {half}",
            y2=f"datum.row + {half}",
        )
        .mark_rect(cornerRadius=4, cursor="pointer")
        .encode(
            x=alt.X("x1:Q", scale=across, axis=None),
            x2="x2:Q",
            y=alt.Y("y1:Q", scale=down, axis=None),
            y2="y2:Q",
            color=alt.condition(
                alt.datum.nearness == UNKNOWN,
                alt.value(UNKNOWN_COLOUR),
                alt.Color(
                    "nearness:Q",
                    scale=alt.Scale(domain=[0, 1], scheme="yelloworangebrown", clamp=True),
                    legend=None,
                ),
            ),
            strokeWidth=alt.condition(picked, alt.value(3), alt.value(0)),
            stroke=alt.value("#2b6cb0"),
            description="said:N",
            tooltip=[
                alt.Tooltip("one:N", title="one"),
                alt.Tooltip("other:N", title="other"),
                alt.Tooltip("value:N", title=label.lower()),
            ],
        )
        .add_params(picked)
    )
    numbers = base.mark_text(
        fontSize=alt.expr(f"width / {n + 1} < 45 ? 10 : 13"), cursor="pointer"
    ).encode(
        x=alt.X("column:Q", scale=across, axis=None),
        y=alt.Y("row:Q", scale=down, axis=None),
        text="short:N",
        color=alt.condition(
            alt.datum.nearness > WHITE_ABOVE, alt.value("#ffffff"), alt.value("#2a1a10")
        ),
    )
    layers = [squares, numbers]
    # Every thing stands at the head of its column and of its row.
    heads = pd.concat(
        [
            ends.rename(columns={"place": "x", "edge": "y"}),
            ends.rename(columns={"edge": "x", "place": "y"}),
        ]
    )
    here = {"x": alt.X("x:Q", scale=across, axis=None), "y": alt.Y("y:Q", scale=down, axis=None)}
    pictures = alt.Chart(heads[heads["url"].notna()])
    words = alt.Chart(heads[heads["url"].isna()])
    # On a phone the columns are narrower than CELL.
    side = alt.expr(f"min({CELL - 10}, width / {n + 1} - 4)")
    small = alt.expr(f"width / {n + 1} < 60 ? 9 : 12")
    layers += [
        pictures.mark_image(width=side, height=side).encode(
            url="url:N", tooltip=alt.Tooltip("label:N", title="picture"), **here
        ),
        words.mark_text(color=INK, fontSize=small, lineBreak="\n").encode(
            text="lines:N", tooltip=alt.Tooltip("label:N", title="text"), **here
        ),
    ]
    chart = alt.layer(*layers).properties(width="container", height=CELL * (n + 1))
    whole: alt.LayerChart = chart.configure_view(strokeWidth=0)
    return whole


def nearness(values: np.ndarray, metric: Metric) -> np.ndarray:
    """From 0 for the farthest pair to 1 for the nearest one; UNKNOWN where there is no value."""
    signed = -values if metric.smaller_is_nearer else values
    off = signed[~np.eye(len(values), dtype=bool)]
    known = off[~np.isnan(off)]
    # The diagonal is beyond all the rest: counted in, it would wash out the differences.
    low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
    shares = (signed - low) / (high - low) if high > low else np.where(signed > low, 1.0, 0.0)
    return np.where(np.isnan(values), UNKNOWN, np.clip(shares, 0, 1))


def _written(values: np.ndarray) -> list[str]:
    """What fits into a cell: about three digits of each value, row after row."""
    known = np.abs(values[~np.isnan(values)])
    largest = known.max() if len(known) else 0.0
    digits = 2 if largest < 10 else 1 if largest < 100 else 0
    return ["–" if np.isnan(v) else f"{v:z.{digits}f}".replace("-", "−") for v in values.ravel()]


def _lines(text: str) -> str:
    """At most three short lines, so that a text fits its square."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 10 and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    lines = [line if len(line) <= 11 else f"{line[:10]}…" for line in lines]
    return "\n".join(lines if len(lines) <= 3 else [*lines[:2], f"{lines[2]} …"])


def matrix_csv(items: Sequence[Item], values: np.ndarray) -> str:
    """The matrix with its names on both sides, nine decimals; empty where a value is not known."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    names = [harmless(item.label) for item in items]
    rows.writerow(["name", *names])
    for name, line in zip(names, values, strict=True):
        rows.writerow([name, *("" if np.isnan(value) else f"{value:.9f}" for value in line)])
    return text.getvalue()
