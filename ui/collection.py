"""What is in the collection: add, remove, take along, look through."""

from __future__ import annotations

import io

import streamlit as st

from core.errors import ArchiveError, IndexUnavailable, PictureError, UploadFailed
from core.index.archive import export_index, import_index
from core.model import Scope
from core.sources.uploads import PREFIX, add_upload, remove_upload
from core.workspace import Workspace
from ui.query_picture import TYPES
from ui.wall import address
from ui.wording import count

ROWS = 100

# Some 30,000 pictures with their thumbnails; it lives in the server's memory while it is read.
MOST_INDEX_MB = 500

# Uploads live in the server's memory until they are written.
MOST_FILES = 50


def uploads(space: Workspace) -> None:
    with st.expander("Add your own pictures", key="own-pictures", icon=":material/upload:"):
        st.caption(
            "Dropped here, or into the images folder at any depth. Uploads stay on this server "
            "until you delete them."
        )
        with st.form("uploads", clear_on_submit=True, border=False):
            st.file_uploader("Pictures", type=TYPES, accept_multiple_files=True, key="new-uploads")
            # A callback: the page then begins with the scan on, and follows it.
            st.form_submit_button(
                "Add to the collection", icon=":material/add:", on_click=lambda: _keep(space)
            )
        # Kept until the next attempt: the end of the scan reruns the page.
        for sentence in st.session_state.get("upload-refused", ()):
            # st.text: the name is a visitor's.
            st.text(sentence)
        _delete(space)


def _keep(space: Workspace) -> None:
    files = st.session_state["new-uploads"]
    refused = st.session_state["upload-refused"] = []
    if len(files) > MOST_FILES:
        refused.append(f"At most {MOST_FILES} files at a time: the first {MOST_FILES} were taken.")
    kept = 0
    for file in files[:MOST_FILES]:
        try:
            add_upload(space.roots[PREFIX], file.name, file.getvalue())
            kept += 1
        except (PictureError, UploadFailed) as error:
            refused.append(f"{file.name}: {error}")
    if kept:
        space.rescan()
        st.toast(f"{kept} added.")


def _delete(space: Workspace) -> None:
    known = sorted(p for p in space.store.files() if p.startswith(PREFIX))
    if not known:
        return
    chosen = st.multiselect(
        "Delete uploads", known, format_func=lambda p: p.removeprefix(PREFIX), key="delete-uploads"
    )
    if chosen and st.button(f"Delete {len(chosen)}", icon=":material/delete:"):
        try:
            for path in chosen:
                remove_upload(space.roots[PREFIX], path)
        except UploadFailed as error:
            st.session_state["upload-refused"] = [str(error)]
        space.rescan()
        del st.session_state["delete-uploads"]
        st.rerun()


def transfer(space: Workspace) -> None:
    running = space.indexer.progress().running
    with st.expander("Take the index along", key="take-along", icon=":material/move_down:"):
        st.caption(
            "One file with vectors, ids, names and thumbnails: for another machine, or committed "
            "under seed/ for a host whose disk forgets."
        )
        st.download_button(
            "Download index",
            lambda: _exported(space),
            file_name="index.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            # The end of a run draws the page anew; a click just then would miss its file.
            disabled=running,
            help="Ready when the run is over." if running else None,
        )
        # A callback: the numbers at the top of the page then count what was imported.
        st.file_uploader(
            "Import index",
            type=["zip"],
            key="import",
            max_upload_size=MOST_INDEX_MB,
            on_change=lambda: _import(space),
        )
        taken = st.session_state.pop("imported", None)
        if isinstance(taken, int):
            st.success(f"{count(taken, 'picture')} imported.", icon=":material/check:")
        elif taken is not None:
            st.error(taken, icon=":material/error:")


def _import(space: Workspace) -> None:
    file = st.session_state["import"]
    if file is not None:
        try:
            st.session_state["imported"] = import_index(
                space.store, file, space.embedder.id, dimensions=space.embedder.dimensions
            )
        except (ArchiveError, IndexUnavailable) as error:
            st.session_state["imported"] = str(error)


def _exported(space: Workspace) -> io.BytesIO:
    target = io.BytesIO()
    export_index(space.store, space.embedder.id, Scope(), target)
    target.seek(0)
    return target


def collection_table(space: Workspace) -> None:
    st.subheader("The collection", anchor=False)
    ids = space.store.ids(space.wanted())
    if not ids:
        st.caption("Empty so far.")
        return
    place = st.container()
    pages = -(-len(ids) // ROWS)
    page = st.pagination(pages, key="collection-page") if pages > 1 else 1
    shown = ids[(page - 1) * ROWS : page * ROWS]
    known = space.store.pictures(shown, space.wanted())
    row_of = space.matrix().row_of
    rows = []
    for i in shown:
        picture = known.get(i)
        if picture is None:
            continue  # deleted since the list was made
        rows.append(
            {
                "picture": address(space, i),
                "file": picture.paths[0],
                "indexed": i in row_of,
                "size": f"{picture.width} × {picture.height}",
                "format": picture.format,
                "kB": round(picture.bytes / 1000),
                "copies": len(picture.paths) - 1,
                "note": picture.note,
            }
        )
    place.dataframe(
        rows,
        hide_index=True,
        row_height=64,
        height=640 if len(rows) > 9 else "auto",
        column_config={"picture": st.column_config.ImageColumn("picture", width="small")},
    )
