"""The window of searches: those that were saved, and those that were asked last."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

import streamlit as st

from core.errors import IndexUnavailable, QueryError
from core.model import SavedSearch
from core.search import LONGEST_ADDRESS, query_key
from core.workspace import Workspace
from ui.dialog import dialog
from ui.kept_searches import (
    address_now,
    face_of,
    has_own_picture,
    kept_searches,
    page_of,
    parameters_of,
    words_of,
)
from ui.links import link
from ui.literal import literal
from ui.query import read_terms
from ui.visitor import visitor
from ui.wall import thumbnail

KEY, EDIT, SAID = "searches", "searches-edit", "searches-said"

# More than anybody finds again in a list; each is drawn with its pictures.
MOST_SAVED = 200

# A longer name or query would fill more than one line.
LONGEST_NAME = 80
SHOWN = 44

# Pixels of the list of what was asked last: the eighth line is cut, which shows that there is more.
HEIGHT = 300


def searches(workspace: Workspace, page: str) -> None:
    """page: the one that it stands on, as in `ui.kept_searches`.

    A window and not a popover: what is in it is read and drawn only once it is opened, and a
    popover that tells of its opening tells of its closing in the instant in which another page is
    asked for, which Streamlit then does not draw.
    """
    if st.button("Searches", icon=":material/bookmark:", key=KEY):
        _window(workspace, page)


@dialog("Searches", width="small")
def _window(workspace: Workspace, page: str) -> None:
    try:
        _inside(workspace, page)
    except IndexUnavailable as error:
        st.error(str(error), icon=":material/database_off:")


def _inside(workspace: Workspace, page: str) -> None:
    if _asks_something():
        _save_this(workspace, page)
    said = st.session_state.pop(SAID, "")
    if said:
        # st.text: a name is a visitor's.
        st.text(said)
    saved = kept_searches(workspace).saved_searches()
    history = kept_searches(workspace).history()
    if saved:
        _saved(workspace, saved, page)
    if history:
        _history(workspace, history, page)
    if not saved and not history:
        st.caption("What you search for is listed here.")
    if not visitor(workspace).may_manage:
        st.caption("Kept until you close this page.")


def _asks_something() -> bool:
    try:
        return bool(read_terms().terms)
    except QueryError:
        return False


# --- Saving --------------------------------------------------------------------------------------


def _save_this(workspace: Workspace, page: str) -> None:
    address = address_now(page)
    key = f"save-name-{_short(address)}"

    def save() -> None:
        _save(workspace, address, query_key(st.session_state[key]))

    form = st.form("save-search", border=False)
    with form.container(horizontal=True, vertical_alignment="bottom"):
        name = words_of(workspace, address)[:LONGEST_NAME]
        st.text_input("Name", value=name, max_chars=LONGEST_NAME, key=key)
        st.form_submit_button("Save this search", on_click=save)
    if has_own_picture():
        st.caption(
            "Your own picture is known to this session only: it is neither saved nor listed. "
            "Add it to the collection to keep it."
        )


def _save(workspace: Workspace, address: str, wanted: str) -> None:
    kept = kept_searches(workspace)

    def save() -> str:
        if len(address) > LONGEST_ADDRESS:
            return "This query is too long to be saved."
        if len(kept.saved_searches()) >= MOST_SAVED:
            return f"At most {MOST_SAVED} searches are saved. Delete one first."
        name = wanted or words_of(workspace, address)[:LONGEST_NAME]
        face, embedder_id = face_of(address), workspace.embedder.id
        search = SavedSearch(name, address, embedder_id, face, time.time())
        return _numbered(name, kept.save_search(search))

    _try(save)


def _try(action: Callable[[], object]) -> None:
    """Do something in a callback; what it says, or what went wrong, is shown at the next turn."""
    try:
        st.session_state[SAID] = action()
    except IndexUnavailable as error:
        st.session_state[SAID] = str(error)


def _numbered(wanted: str, name: str) -> str:
    return "" if name in (wanted, "") else f"That name is taken. This one is called “{name}”."


# --- The lists -----------------------------------------------------------------------------------


def _saved(workspace: Workspace, saved: list[SavedSearch], page: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Saved**")
        st.space("stretch")
        edit = st.toggle("Edit", key=EDIT)
    with st.container(key="saved-searches", gap="small"):
        for search in saved:
            if edit:
                _edit(workspace, search)
            else:
                _row(workspace, search, page)


def _row(workspace: Workspace, search: SavedSearch, page: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for picture_id in search.face:
            if shown := thumbnail(workspace, picture_id):
                st.image(shown, alt="", width=40)
        _open(search.address, search.name, page, key=f"open-saved-{_short(search.name)}")
    if search.embedder_id != workspace.embedder.id:
        st.caption("Saved with another model; this one may find other pictures.")


def _edit(workspace: Workspace, search: SavedSearch) -> None:
    kept = kept_searches(workspace)
    # Not of its name: a click on the button that ends the typing of a new one must find its button.
    key = _short(f"{search.saved} {search.address}")

    name = search.name

    # The click that ends the typing of a new name asks for both in one turn.
    def rename() -> None:
        def do() -> str:
            nonlocal name
            wanted = query_key(st.session_state[f"rename-{key}"]) or search.name
            name = kept.rename_search(search.name, wanted)
            return _numbered(wanted, name)

        _try(do)

    def delete() -> None:
        _try(lambda: kept.delete_search(name))

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text_input(
            "New name",
            value=search.name,
            max_chars=LONGEST_NAME,
            key=f"rename-{key}",
            on_change=rename,
            label_visibility="collapsed",
        )
        st.button("Delete", key=f"delete-{key}", type="tertiary", on_click=delete)


def _history(workspace: Workspace, history: list[str], page: str) -> None:
    kept = kept_searches(workspace)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Asked last**")
        st.space("stretch")
        st.button(
            "Clear",
            key="clear-history",
            type="tertiary",
            on_click=lambda: _try(kept.clear_history),
        )
    with st.container(
        key="asked-searches",
        height=HEIGHT if len(history) > 7 else "content",
        border=False,
        gap="xxsmall",
    ):
        for address in history:
            _open(address, words_of(workspace, address), page, key=f"open-asked-{_short(address)}")


def _open(address: str, label: str, page: str, key: str) -> None:
    there, asked = page_of(address, page), parameters_of(address)
    link(literal(label, SHOWN), there, asked, key=key, here=page)


def _short(text: str) -> str:
    """A name or an address as part of a widget's key, which the browser is sent too."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
