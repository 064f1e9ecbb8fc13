"""Pictures elsewhere: which sources there are, add one, remove one."""

from __future__ import annotations

import streamlit as st

from core.errors import SourceError
from core.sources import Spec
from core.workspace import Workspace
from ui.visitor import manage

ADDRESS, NAME, SAID = "source-address", "source-name", "source-refused"


def sources(workspace: Workspace) -> None:
    with st.expander("Pictures elsewhere", key="sources", icon=":material/cloud:"):
        st.caption(
            "A list of addresses (.csv, .jsonl, .parquet) or an Azure Blob container. Pictures are "
            "indexed where they are; only thumbnails are kept here."
        )
        try:
            for spec in workspace.origins.sources():
                _source(workspace, spec)
        except SourceError as error:
            st.error(str(error), icon=":material/error:")
        with st.form("add-source", border=False):
            st.text_input(
                "Address",
                key=ADDRESS,
                placeholder="https://<account>.blob.core.windows.net/<container>?<SAS>",
                autocomplete="off",
            )
            st.text_input(
                "Name (optional)",
                key=NAME,
                max_chars=40,
                autocomplete="off",
                help="One that is there already gets the new address.",
            )
            # A callback: the page then begins with the scan on, and follows it.
            st.form_submit_button(
                "Add the source", icon=":material/add:", on_click=lambda: _add(workspace)
            )
        if said := st.session_state.get(SAID):
            # st.text: it may name what a visitor typed.
            st.text(said)


def _source(workspace: Workspace, spec: Spec) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"facts-{spec.name}"):
        # st.text, because an address is no Markdown.
        st.text(f"{spec.name} · {spec.kind.value}\n{spec.shown}")
        if spec.configured:
            st.caption("in SOURCES", width="content")
        else:
            st.button(
                "Remove",
                key=f"remove-source-{spec.name}",
                icon=":material/delete:",
                type="tertiary",
                on_click=lambda: _remove(workspace, spec),
                help="Its pictures leave the search; their vectors are kept.",
            )


def _add(workspace: Workspace) -> None:
    st.session_state[SAID] = ""
    try:
        manage(workspace).origins.add_source(st.session_state[NAME], st.session_state[ADDRESS])
    except SourceError as error:
        st.session_state[SAID] = str(error)
        return
    # With its signature: it is not left standing on the page.
    st.session_state[ADDRESS] = st.session_state[NAME] = ""


def _remove(workspace: Workspace, spec: Spec) -> None:
    st.session_state[SAID] = ""
    try:
        manage(workspace).origins.remove_source(spec.name)
    except SourceError as error:
        st.session_state[SAID] = str(error)
