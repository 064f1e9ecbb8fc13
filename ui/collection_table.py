"""The collection as a table: every picture with what is known of it."""

from __future__ import annotations

import streamlit as st

from core.workspace import Workspace
from ui.wall import address

ROWS = 100


def collection_table(workspace: Workspace) -> None:
    st.header("The collection", anchor=False)
    listing = workspace.browse(workspace.wanted())
    total = len(listing)
    if not total:
        st.caption("Empty so far.")
        return
    place = st.container()
    pages = -(-total // ROWS)
    page = st.pagination(pages, key="collection-page") if pages > 1 else 1
    rows = [
        {
            "picture": address(workspace, result.picture.id),
            "file": result.picture.paths[0],
            "indexed": result.searchable,
            "size": f"{result.picture.width} × {result.picture.height}",
            "format": result.picture.format,
            "kB": round(result.picture.bytes / 1000),
            "copies": len(result.picture.paths) - 1,
            "note": result.picture.note,
        }
        for result in listing.page((page - 1) * ROWS, ROWS)
    ]
    place.dataframe(
        rows,
        hide_index=True,
        row_height=64,
        height=640 if len(rows) > 9 else "auto",
        column_config={"picture": st.column_config.ImageColumn("picture", width="small")},
    )
