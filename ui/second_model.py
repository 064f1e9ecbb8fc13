"""A second model on the page Indexing: added, embedded with, switched to, removed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import EmbedderError, IndexUnavailable
from core.workspace import Workspace
from ui.literal import literal
from ui.local_clip import clip_download
from ui.numbers import count
from ui.other_models import what_knows_more
from ui.polling import poll, redraw, then_redraw
from ui.resources import reopen_workspace
from ui.visitor import manage

LONGEST_LABEL = 60


def second_model(workspace: Workspace) -> None:
    """The expander; open where there is a second model."""
    has_one = bool(workspace.models.second_kind)
    with st.expander(
        "Second model", key="second-model", icon=":material/splitscreen_right:", expanded=has_one
    ):
        if has_one:
            _the_second(workspace)
        else:
            _add(workspace)


def _add(workspace: Workspace) -> None:
    st.caption(
        "Embeds the same pictures with another model beside this one: to compare both side by "
        "side on the search pages, and to move over. Adding it costs nothing yet."
    )
    choices = workspace.models.addable()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if choices:
            st.selectbox(
                "Model",
                list(choices),
                format_func=lambda kind: choices[kind][0].upper() + choices[kind][1:],
                key="second-kind",
                width=280,
            )
            st.button(
                "Add a second model",
                icon=":material/add:",
                on_click=_add_chosen,
                args=(workspace,),
            )
        what_knows_more("Set up another one" if choices else "Set up a second one")
    if "clip" in choices:
        st.caption("CLIP downloads 0.6 GB of weights first, unless they are on this machine.")


def _the_second(workspace: Workspace) -> None:
    try:
        second = workspace.models.second()
    except EmbedderError as error:
        if workspace.models.second_setup is not None:
            clip_download(workspace, workspace.models.second_setup, redraw)
        else:
            # st.text: an answer of a service may be quoted.
            st.text(str(error))
        _remove(workspace)
        return
    if second is not None:
        running = second.progress().running
        poll(_controls, running)(workspace, second, running)


def _controls(workspace: Workspace, second: Workspace, was_running: bool) -> None:
    status = second.status()
    progress = status.progress
    if was_running != progress.running:
        redraw()
    label = literal(second.embedder.label, LONGEST_LABEL)
    st.markdown(f"**{label}** · Indexed {status.indexed:,} of {status.total:,}")
    if status.total:
        st.progress(status.indexed / status.total)
    plan = second.plan()
    runs = "A run is on: how far it is, and “Stop”, stand at the top of the page."
    st.caption(runs if progress.running else _what_next(second, plan.calls, plan.failed))
    with st.container(horizontal=True):
        st.button(
            "Embed with it",
            key="embed-second",
            icon=":material/play_arrow:",
            disabled=progress.running or not plan.calls,
            on_click=then_redraw(lambda: _start(manage(second).start_indexing)),
        )
        if plan.failed:
            st.button(
                f"Retry {plan.failed:,} refused",
                key="retry-second",
                icon=":material/replay:",
                disabled=progress.running,
                on_click=then_redraw(lambda: _start(manage(second).retry_failed)),
            )
        if st.button(
            "Switch all pages to it",
            key="switch-over",
            icon=":material/swap_horiz:",
            disabled=progress.running or not status.indexed,
            help="This model becomes the second then; one click leads back.",
        ) and _do(manage(workspace).models.switch_over):
            reopen_workspace()
        _remove(workspace, disabled=progress.running)


def _remove(workspace: Workspace, disabled: bool = False) -> None:
    st.button(
        "Remove",
        key="remove-second",
        type="tertiary",
        disabled=disabled,
        on_click=then_redraw(lambda: _do(manage(workspace).models.remove_second)),
        help="Its vectors are kept: added again, it costs nothing again.",
    )


def _what_next(second: Workspace, calls: int, failed: int) -> str:
    if calls:
        pictures = f"{count(calls, 'picture')} {'waits' if calls == 1 else 'wait'}."
        if not second.embedder.paid:
            return f"{pictures} Nothing is paid. It can be stopped, and goes on where it was."
        label = literal(second.embedder.label, LONGEST_LABEL)
        return (
            f"{pictures} “Embed with it” makes {count(calls, 'call')} to {label}. It can be "
            "stopped, and no picture is paid for twice."
        )
    if failed:
        return f"{count(failed, 'picture')} refused; nothing else is left to do."
    return "Nothing is left to do."


def _add_chosen(workspace: Workspace) -> None:
    _do(lambda: manage(workspace).models.add_second(st.session_state["second-kind"]))


def _start(start: Callable[[], bool]) -> None:
    if not start():
        st.toast("Another process is indexing this collection.")


def _do(action: Callable[[], object]) -> bool:
    """Carry out what a button asks for; where that is refused, say why. True once it is done."""
    try:
        action()
    except (EmbedderError, IndexUnavailable) as error:
        st.toast(literal(str(error), 400), icon=":material/error:")
        return False
    return True
