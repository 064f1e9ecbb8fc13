"""Results to take along: a table, a web page with pictures, a ZIP with the files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.search import (
    MOST_TAKEN_ALONG,
    MOST_ZIP_BYTES,
    Answer,
    Ranking,
    Result,
    Sheet,
    Term,
    to_csv,
    to_page,
    written_parts,
)
from core.workspace import Workspace
from ui.brought import name_of
from ui.numbers import count
from ui.visitor import manage, visitor


@dataclass(frozen=True, eq=False)
class ToTakeAlong:
    """Results and what is said of them.

    read: gives the results; called only once something is downloaded, outside of the page's run.
    name: what the files are called.
    """

    sheet: Sheet
    count: int
    read: Callable[[], list[Result]]
    name: str


def to_take_along(sheet: Sheet, ranking: Ranking) -> ToTakeAlong:
    """A whole ranking, in its order."""
    return ToTakeAlong(sheet, len(ranking), lambda: ranking.page(0, len(ranking)), "ranking")


def selection_to_take_along(
    workspace: Workspace, answer: Answer | None, ids: Sequence[str]
) -> ToTakeAlong:
    """The selected pictures, in the order in which they were selected.

    answer: the query on the page, whose ranks and cosines they get where it found them.
    """
    chosen = tuple(ids)

    def read() -> list[Result]:
        hits = answer.ranking.hits if answer is not None else ()
        found = {hit.picture_id: hit for one in hits for hit in (one, *one.alike)}
        known = [workspace.picture(picture_id) for picture_id in chosen]
        return [Result(p, found.get(p.id), searchable=True) for p in known if p is not None]

    sheet = sheet_of(workspace, answer.terms if answer is not None else (), None)
    return ToTakeAlong(sheet, len(chosen), read, "selection")


def sheet_of(workspace: Workspace, terms: Sequence[Term], above: int | None) -> Sheet:
    """What is said of results. above: how many of them stand out, the first; None if unknown."""
    title, parts = written_parts(terms, [name_of(workspace, term) for term in terms])
    return Sheet(title or "Pictures", parts, above, f"{workspace.embedder.label} answered")


def csv_button(workspace: Workspace, what: ToTakeAlong, label: str, key: str) -> None:
    """The table, directly."""
    table_button(label, lambda: _table(workspace, what), f"{what.name}.csv", key=key)


def _table(workspace: Workspace, what: ToTakeAlong) -> str:
    results = what.read()
    return to_csv(results, what.sheet.parts, told=workspace.known.to_export(results))


def table_button(label: str, make: Callable[[], str], file_name: str, *, key: str) -> None:
    """A table as CSV, made once it is asked for."""
    _button(
        label,
        make,
        file_name,
        "text/csv",
        key=f"{key}-download",
        icon=":material/download:",
    )


def take_along(workspace: Workspace, what: ToTakeAlong, key: str) -> None:
    """A popover with what else there is to download; nothing is made before a click."""
    with st.popover("Take along", type="tertiary", key=f"take-along-{key}"):
        st.caption(_what_it_holds(workspace, what))
        if key == "selection":
            csv_button(workspace, what, "Table (CSV)", key)
        _button(
            "Web page with pictures",
            lambda: to_page(what.read(), what.sheet, workspace.thumbnail),
            f"{what.name}.html",
            "text/html",
            key=f"page-{key}",
            icon=":material/web:",
        )
        # The originals may be private where visitors may only search.
        if visitor(workspace).may_manage:
            _button(
                "Picture files (ZIP)",
                lambda: _zip(workspace, what),
                f"{what.name}.zip",
                "application/zip",
                key=f"zip-{key}",
                icon=":material/folder_zip:",
            )


def _button(
    label: str, make: Callable[[], str | bytes], file_name: str, mime: str, *, key: str, icon: str
) -> None:
    """A download that is made once it is clicked, and draws nothing anew."""
    st.download_button(
        label,
        make,
        file_name=file_name,
        mime=mime,
        key=key,
        icon=icon,
        type="tertiary",
        on_click="ignore",
    )


def _what_it_holds(workspace: Workspace, what: ToTakeAlong) -> str:
    """One line on how many pictures come along, and how large a ZIP becomes at most."""
    pictures = count(what.count, "picture")
    if what.count > MOST_TAKEN_ALONG:
        pictures = f"The first {MOST_TAKEN_ALONG} of {pictures}"
    ends = f" · ZIP up to {MOST_ZIP_BYTES // 10**6} MB" if visitor(workspace).may_manage else ""
    return pictures + ends


def _zip(workspace: Workspace, what: ToTakeAlong) -> bytes:
    with tempfile.TemporaryFile() as file:
        manage(workspace).zip_pictures(file, what.read(), what.sheet.parts)
        file.seek(0)
        return file.read()
