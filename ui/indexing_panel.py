"""The run: what it will cost, start, stop, how far it is, what failed."""

from __future__ import annotations

import streamlit as st

from core.indexing import Progress
from core.workspace import Workspace
from ui.calls import price_tag
from ui.numbers import count
from ui.polling import poll, redraw, then_redraw
from ui.visitor import manage

READ_ALL = "Read all files again"


def run_controls(workspace: Workspace) -> None:
    running = workspace.progress().running
    poll(_controls, running)(workspace, running)


def _controls(workspace: Workspace, was_running: bool) -> None:
    status = workspace.status()
    progress = status.progress
    if was_running != progress.running:
        redraw()
    with st.container(border=True):
        if workspace.embedder.paid and status.gallery:
            st.checkbox(
                f"Index the bundled gallery too ({status.gallery:,} pictures)",
                value=workspace.gallery_ticked,
                key="tick-gallery",
                disabled=progress.running,
                on_change=lambda: manage(workspace).tick_gallery(st.session_state["tick-gallery"]),
            )
        st.markdown(f"## Indexed {status.indexed:,} of {status.total:,}")
        if status.total:
            st.progress(status.indexed / status.total)
        st.caption(_what_next(workspace) if not progress.running else _how_far(workspace, progress))
        if progress.state == "failed":
            st.error(progress.sentence, icon=":material/error:")
        with st.container(horizontal=True):
            # Not switched off while a scan is on: what is pressed then follows the scan. Callbacks,
            # because the rerun at a run's end would lose a button that was pressed meanwhile.
            st.button(
                "Start indexing",
                type="primary",
                icon=":material/play_arrow:",
                disabled=progress.state in ("indexing", "stopping"),
                on_click=then_redraw(lambda: _start(workspace)),
            )
            st.button(
                "Stop",
                icon=":material/stop:",
                disabled=not progress.running,
                on_click=then_redraw(lambda: manage(workspace).stop_indexing()),
            )
            st.menu_button(
                "More",
                [READ_ALL],
                type="tertiary",
                disabled=progress.running,
                on_click=then_redraw(lambda: manage(workspace).read_all_again()),
                help="For files that were replaced at the same size and time. Nothing is paid.",
            )


def _start(workspace: Workspace) -> None:
    if not manage(workspace).start_indexing():
        st.toast("Another process is indexing this collection.")


def _what_next(workspace: Workspace) -> str:
    plan = workspace.plan()
    if plan.calls:
        words = f"{count(plan.calls, 'new or changed picture')} "
        words += "waits." if plan.calls == 1 else "wait."
        if workspace.embedder.paid:
            calls = price_tag(workspace, plan.calls)
            words += f" “Start indexing” makes {calls}, to {workspace.embedder.label}."
    else:
        words = "Nothing is left to do."
    if plan.duplicates:
        words += f" Copies that cost nothing: {plan.duplicates:,}."
    return words


def _how_far(workspace: Workspace, progress: Progress) -> str:
    if progress.state == "scanning" and not progress.total:
        return "Looking through the folders …"
    if progress.state == "scanning":
        return f"Reading files: {progress.done:,} of {progress.total:,}"
    words = "Stopping …" if progress.state == "stopping" else "Embedding"
    if progress.embedder_id not in ("", workspace.embedder.id):
        words += " with the second model"
    words += f" · {progress.done:,} of {progress.total:,} in this run"
    if progress.failed:
        words += f" · {progress.failed:,} failed"
    if progress.rate:
        words += f" · {progress.rate:.1f} a second"
    if progress.seconds_left is not None and progress.state == "indexing":
        words += f" · {_duration(progress.seconds_left)} left"
    return words


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
