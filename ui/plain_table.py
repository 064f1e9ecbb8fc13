"""Results as a plain table: for screen readers, for copying, and for programs that read a page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.search import Result
from core.workspace import Workspace
from ui.literal import literal
from ui.wall import Marks

# A longer name would push the numbers out of the window.
LONGEST_NAME = 120

TITLE = "As a table"


def plain_table(
    workspace: Workspace, results: Sequence[Result], marks: Marks | None, key: str
) -> None:
    """The results that the wall shows, once somebody opens it; nothing is made before.

    marks: as of `ui.wall.wall`.
    """
    with st.expander(TITLE, key=key, on_change="rerun", icon=":material/table_rows:") as opened:
        if not opened.open:
            return
        columns = workspace.known.about(results)
        told = workspace.known.told([result.picture.id for result in results], columns)
        rows = [
            {
                "rank": str(result.hit.rank) if result.hit is not None else "",
                "name": literal(result.picture.name, LONGEST_NAME),
                "cosine": f"{result.hit.cosine:.4f}" if result.hit is not None else "",
                **_standing_out(marks, result.picture.id),
                **{
                    literal(column.name, LONGEST_NAME): literal(
                        told.get(result.picture.id, {}).get(column.name, ""), LONGEST_NAME
                    )
                    for column in columns
                },
            }
            for result in results
        ]
        st.table(rows, hide_index=True)


def _standing_out(marks: Marks | None, picture_id: str) -> dict[str, str]:
    if not marks or picture_id not in marks:
        return {}
    return {"stands out": "yes" if marks[picture_id][1] else "no"}
