"""Numbers of a picture or two as a table: parts of a query or words, a line for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui.component import component

_shares = component("shares", __file__, "share_table")


@dataclass(frozen=True)
class Row:
    """A line of the table: a part of the query or a word, with one number for each picture."""

    name: str
    values: tuple[float, ...]


def share_table(
    rows: Sequence[Row],
    heads: Sequence[str],
    cosines: Sequence[float] = (),
    *,
    key: str,
    adds_up: bool = False,
) -> None:
    """A table of signed numbers, with a bar above it for each column where they add up.

    Of two columns the difference is shown too. cosines: the last line.
    """
    payload = {
        "heads": [*heads, *(["Difference"] if len(heads) == 2 else [])],
        "rows": [{"name": row.name, "values": row.values} for row in rows],
        "adds_up": adds_up,
        "cosines": list(cosines),
    }
    with st.container(key=f"shares-{key}"):
        _shares(key=f"shares-of-{key}", data=json.dumps(payload).encode())
