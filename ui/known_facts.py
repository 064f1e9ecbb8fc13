"""What is known of the pictures: which columns were found, which are used, and as what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import IndexUnavailable
from core.metadata import FoundColumn
from core.model import Column, ColumnType
from core.workspace import Workspace
from ui.numbers import count
from ui.visitor import manage

SAID = "columns-said"

# More sentences are no help.
MOST_PROBLEMS = 8


def known_facts(workspace: Workspace) -> None:
    found = workspace.found_facts()
    used = {one.name: one for one in workspace.known.columns(workspace.wanted())}
    title = "What is known of the pictures"
    if found.columns:
        title += f" · {len(used)} of {count(len(found.columns), 'column')} used"
    # Open while there is something that nobody has decided on: another element then, as one that is
    # there stays as it is.
    new = workspace.undecided_columns()
    key = f"known-facts-{'asks' if new else 'told'}"
    with st.expander(title, key=key, icon=":material/table_chart:", expanded=bool(new)):
        st.caption(
            "From metadata.csv or metadata.jsonl beside the pictures (a column file_name, and any "
            "others), from lists, folders and cameras. Searches can be filtered by what you use."
        )
        if said := st.session_state.pop(SAID, ""):
            st.error(said, icon=":material/database_off:")
        # st.text: names and values are whoever's the files are.
        for problem in found.problems[:MOST_PROBLEMS]:
            st.text(problem)
        if found.columns:
            _table(workspace, found.columns, used, new)
        else:
            st.caption("Nothing was found so far.")
        st.checkbox(
            "Read where photographs were taken (GPS)",
            value=workspace.keeps_places,
            key="keep-places",
            on_change=_keep_places,
            args=(workspace,),
            help="Private: it is kept in this index, and never exported. Reads every file again.",
        )


def _table(
    workspace: Workspace,
    found: Sequence[FoundColumn],
    used: Mapping[str, Column],
    new: Collection[str],
) -> None:
    rows = [
        {
            "use": column.name in used or column.name in new,
            "column": column.name,
            "type": str(column.type),
            "pictures": column.filled,
            "examples": " · ".join(column.examples),
            "note": column.note,
        }
        for column in found
    ]
    # Another table where something else was found: what was ticked in the first is of that one.
    key = f"columns-{hash(str(rows))}"
    st.data_editor(
        rows,
        hide_index=True,
        num_rows="fixed",
        key=key,
        disabled=["column", "pictures", "examples", "note"],
        column_config={
            "use": st.column_config.CheckboxColumn("use", width="small"),
            "type": st.column_config.SelectboxColumn(
                "type", options=[str(kind) for kind in ColumnType], required=True
            ),
        },
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Use these columns" if new else "Apply",
            key="use-columns",
            type="primary" if new else "secondary",
            on_click=_take,
            args=(workspace, rows, key),
        )


def _keep_places(workspace: Workspace) -> None:
    try:
        manage(workspace).keep_places(st.session_state["keep-places"])
    except IndexUnavailable as error:
        st.session_state[SAID] = str(error)


def _take(workspace: Workspace, rows: Sequence[dict[str, Any]], key: str) -> None:
    edited: Mapping[int, Mapping[str, Any]] = st.session_state[key]["edited_rows"]
    told = [{**row, **edited.get(number, {})} for number, row in enumerate(rows)]
    columns = [Column(row["column"], ColumnType(row["type"]), bool(row["use"])) for row in told]
    try:
        manage(workspace).take_columns(columns)
    except IndexUnavailable as error:
        st.session_state[SAID] = str(error)
