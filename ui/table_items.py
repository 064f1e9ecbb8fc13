"""What lies on the explorer's table, with the vectors that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import streamlit as st

from core.errors import EmbedderError
from core.search import query_key
from core.vectors import Vector
from core.workspace import Workspace
from ui.comparison import table_pictures, table_texts
from ui.wall import address

# Begins the name of a text; that of a picture is its id.
TEXT = "text:"


@dataclass(frozen=True)
class Item:
    """Something on the table: a picture (with its id and its thumbnail's address) or a text."""

    label: str
    vector: Vector
    picture_id: str = ""
    thumbnail: str = ""

    @property
    def name(self) -> str:
        """What the address calls it, wherever on the table it lies; without a comma."""
        # Half of a surrogate pair, which a browser can send, has no bytes to quote.
        return self.picture_id or TEXT + quote(self.label, safe=" ", errors="replace")


def put_on_table(names: Sequence[str]) -> None:
    """What an address names so; a picture that is none is left out when the table is drawn."""
    for name in names:
        if name.startswith(TEXT):
            table_texts().append(query_key(unquote(name.removeprefix(TEXT))))
        elif name:
            table_pictures().append(name)


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
