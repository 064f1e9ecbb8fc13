"""Which files were seen and are not indexed, and why: a sentence, and the list behind it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping

import streamlit as st

from core.model import Cause
from core.search import harmless
from core.workspace import Workspace
from ui.numbers import count
from ui.visitor import manage

ROWS = 100

# What was expected to be in the index. The list opens by itself where a person can do something.
MISSED = (Cause.REFUSED, Cause.EMBEDDER, Cause.KIND)
MENDABLE = (Cause.REFUSED, Cause.EMBEDDER)

LABELS = {
    Cause.REFUSED: "Cannot be read",
    Cause.EMBEDDER: "Got no vector",
    Cause.KIND: "Of a kind that is not read",
    Cause.LINK: "Links not followed",
    Cause.LEFT_OUT: "Left out by name",
    Cause.OTHER: "No pictures",
}

EVERYTHING = "Everything"

# A caption is Markdown, to which some of the names are marks, such as __MACOSX.
MARKS = re.compile(r"[_*$#+~]")

Counts = Mapping[tuple[Cause, str], int]


def away(workspace: Workspace) -> None:
    """What is not there now, and the button that forgets it on purpose."""
    places = workspace.away()
    if not places:
        return
    with st.container(border=True, key="away"):
        for place in places:
            # st.text, because a folder may have any name.
            reason = place.reason or (
                "Not there or empty: a drive that is not mounted, or a folder that was moved."
            )
            st.text(f"{place.path}: {reason} {_kept(place.files)}".rstrip())
        if any(place.files for place in places) and st.button(
            "Forget them", icon=":material/delete:"
        ):
            manage(workspace).forget_away()
            st.rerun()


def _kept(files: int) -> str:
    if not files:
        return ""
    stay = "file stays in the index and comes" if files == 1 else "files stay in the index and come"
    return f"{files:,} {stay} back with it."


def not_indexed(workspace: Workspace) -> None:
    """Nothing, if every picture that was seen is indexed or waits to be.

    Files that are no pictures, such as a note beside them, are no news by themselves: they are in
    the list where there is one.
    """
    if any(cause is not Cause.OTHER for cause, _ in workspace.not_indexed_counts()):
        _sentence_and_list(workspace)


# A fragment, so that looking through the list does not draw the page anew.
@st.fragment
def _sentence_and_list(workspace: Workspace) -> None:
    counts = workspace.not_indexed_counts()
    if sentence := _sentence(counts, workspace.embedder.label):
        st.caption(sentence)
    missed = _total(counts, MISSED)
    title = count(missed, "file") + " not indexed" if missed else "Files that are not indexed"
    box = st.expander(
        title,
        expanded=_total(counts, MENDABLE) > 0,
        icon=":material/report:",
        key="not-indexed",
        on_change="rerun",
    )
    if box.open:  # a list of 100,000 files is only looked through for those who want to see it
        with box:
            _list(workspace, counts)


def _sentence(counts: Counts, embedder: str) -> str:
    def words(cause: Cause, one: str, several: str) -> str:
        number = _total(counts, [cause])
        return f"{number:,} {one if number == 1 else several}" if number else ""

    parts = [
        words(Cause.REFUSED, "file cannot be read", "files cannot be read"),
        words(
            Cause.EMBEDDER,
            f"picture got no vector from {embedder}",
            f"pictures got no vector from {embedder}",
        ),
        words(
            Cause.KIND,
            "file is of a kind that is not read",
            "files are of kinds that are not read",
        )
        + _named(counts, Cause.KIND),
        words(
            Cause.LEFT_OUT,
            "file or folder of another program is left out",
            "files and folders of other programs are left out",
        )
        + _named(counts, Cause.LEFT_OUT),
        words(Cause.OTHER, "file is no picture", "files are no pictures"),
    ]
    return " ".join(f"{part}." for part in parts if part)


def _named(counts: Counts, cause: Cause) -> str:
    """The kinds of a cause with their numbers, the most frequent last."""
    kinds = sorted((number, kind) for (of, kind), number in counts.items() if of is cause)
    shown = [MARKS.sub(r"\\\g<0>", kind) + f" {number:,}" for number, kind in kinds]
    return f": {', '.join(shown)}" if shown else ""


def _total(counts: Counts, causes: Collection[Cause]) -> int:
    return sum(number for (cause, _), number in counts.items() if cause in causes)


def _list(workspace: Workspace, counts: Counts) -> None:
    there = [cause for cause in LABELS if _total(counts, [cause])]
    with st.container(horizontal=True):
        chosen = st.selectbox(
            "Why",
            [EVERYTHING, *there],
            format_func=lambda cause: _label(counts, cause),
            key="not-indexed-cause",
        )
        text = st.text_input("Name or reason contains", key="not-indexed-text").strip()
    causes = [cause for cause in there if chosen in (EVERYTHING, cause)]
    place = st.container()
    total, rows = workspace.not_indexed(causes, text, 0, ROWS)
    if total > ROWS:
        # The key names what is looked for, so that another search starts on its first page.
        page = st.pagination(-(-total // ROWS), key=f"not-indexed-page-{chosen}-{text}")
        _, rows = workspace.not_indexed(causes, text, (page - 1) * ROWS, ROWS)
    with place:
        if rows:
            st.dataframe(
                [{"file": row.path, "reason": row.reason} for row in rows],
                hide_index=True,
                column_config={"reason": st.column_config.TextColumn("reason", width="large")},
            )
        else:
            st.caption("No file here matches.")
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: _csv(workspace, causes, text),
            file_name="not-indexed.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            key="not-indexed-csv",
            on_click="ignore",
        )
        if _total(counts, [Cause.EMBEDDER]) and st.button(
            "Retry failed", icon=":material/refresh:"
        ):
            manage(workspace).retry_failed()
            st.rerun()
        if _total(counts, [Cause.REFUSED, Cause.KIND]) and st.button(
            "Read these files again",
            icon=":material/refresh:",
            help="For files that another program is able to read, or that were mended in place.",
        ):
            manage(workspace).read_refused_again()
            st.rerun()


def _label(counts: Counts, chosen: str) -> str:
    causes = [cause for cause in LABELS if chosen in (EVERYTHING, cause)]
    name = EVERYTHING if chosen == EVERYTHING else LABELS[causes[0]]
    return f"{name} ({_total(counts, causes):,})"


def _csv(workspace: Workspace, causes: Collection[Cause], text: str) -> str:
    """file,reason,cause for every file that is looked for."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["file", "reason", "cause"])
    for row in workspace.not_indexed(causes, text)[1]:
        lines.writerow([harmless(row.path), row.reason, row.cause.value])
    return out.getvalue()
