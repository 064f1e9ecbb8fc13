"""What lies on the explorer's table, with the vectors that are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import EmbedderError
from core.vectors import Vector
from core.workspace import Workspace
from ui.comparison import table_pictures, table_texts
from ui.wall import address

# Enough of a SHA-256 to tell a dozen things apart, and short enough for an address.
NAME_DIGITS = 12


@dataclass(frozen=True)
class Item:
    """Something on the table: a picture (with its id and its thumbnail's address) or a text."""

    label: str
    vector: Vector
    picture_id: str = ""
    thumbnail: str = ""

    @property
    def name(self) -> str:
        """What the address calls it, wherever on the table it lies."""
        if self.picture_id:
            return self.picture_id[:NAME_DIGITS]
        return "t" + hashlib.sha256(self.label.encode()).hexdigest()[:NAME_DIGITS]


def items_on_table(workspace: Workspace) -> list[Item]:
    """Those that have a vector; for a text without one, a sentence is shown."""
    items = [
        Item(picture.name, vector, picture.id, address(workspace, picture.id))
        for picture, vector in workspace.with_vectors(table_pictures())
    ]
    for text in table_texts():
        try:
            items.append(Item(text, workspace.queries.text(text)))
        except EmbedderError as error:
            st.text(f"“{text}”: {error}")
    return items


def lengths_of(workspace: Workspace, items: Sequence[Item]) -> list[float | None]:
    """The length at which each vector came from the model; None where it was not kept."""
    known = workspace.lengths([item.picture_id for item in items if item.picture_id])
    return [
        known.get(item.picture_id) if item.picture_id else workspace.queries.text_length(item.label)
        for item in items
    ]
