"""A grid of pictures: what was found, or what is there."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias
from urllib.parse import urlencode

import streamlit as st

from core.search import Answer, Result
from core.workspace import Workspace
from ui.add_to_query import add_picture_to_query
from ui.alike import show_alike
from ui.comparison import add_picture
from ui.component import component
from ui.filters import filters_asked
from ui.larger import larger
from ui.query import is_plain
from ui.selection import choices_taken, redraw_if_changed, selected, selection_bar, take_choice

PER_PAGE = 24

Marks: TypeAlias = dict[str, tuple[float, bool]]
"""By picture id: how far it stands out, 0 to 1, and whether it lies above the line."""


@dataclass(frozen=True)
class Group:
    """So many results, one after the other, that stand together below a title."""

    title: str
    size: int


_wall = component("wall", __file__, "wall")


def thumbnail(workspace: Workspace, picture_id: str) -> str | bytes:
    """What st.image draws: a static address (the browser caches it), else the bytes."""
    if workspace.thumbnail_files.file(picture_id) is not None:
        return f"/app/static/thumbs/{picture_id}.jpg"
    return workspace.thumbnail(picture_id)


def address(workspace: Workspace, picture_id: str) -> str:
    """What a chart, a table or the wall draws: the static file, or the data where there is none.

    Relative: a host may serve the app below a path of its own, and rewrites only st.image's.
    """
    source = thumbnail(workspace, picture_id)
    return source.removeprefix("/") if isinstance(source, str) else _inline(source)


def _inline(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


@st.fragment
def wall(
    workspace: Workspace,
    results: Sequence[Result],
    key: str,
    marks: Marks | None = None,
    answer: Answer | None = None,
    groups: Sequence[Group] = (),
    facts: Sequence[Sequence[str]] = (),
    has_bar: bool = True,
) -> None:
    """Pictures with their names, cosines and what can be done with them.

    marks: how far each picture stands out, by id; where there is a line, it is drawn before the
    first that does not. answer: the query that they answer, which explains them. groups: all of
    the results, in their order, where some belong together. facts: lines below each name, in the
    order of the results; none where nothing is said. has_bar: False for a wall beside another,
    whose bar speaks of the selection for both.
    """
    shown = {result.picture.id: result for result in results}
    component = f"wall-of-{key}"

    def take() -> None:
        # Here, before anything is drawn, `shown` is what the browser had.
        take_choice(st.session_state[component].get("select"), shown)

    # Each look at the session costs as much as all else of a card.
    chosen, sent, filters = frozenset(selected()), _thumbnails_sent(), filters_asked()
    payload = {
        "pictures": [
            _card(
                result,
                marks or {},
                lines,
                _source(workspace, result.picture.id, sent),
                chosen,
                filters,
            )
            for result, lines in zip(results, facts or [()] * len(results), strict=True)
        ],
        "groups": [asdict(group) for group in groups],
        "composed": answer is not None and not is_plain(answer.terms),
        "taken": choices_taken(),
    }
    with st.container(key=f"wall-{key}"):
        event = _wall(
            key=component,
            # As bytes: values of their own would each be held against pandas' types first.
            data=json.dumps(payload).encode(),
            on_view_change=_rerun,
            on_compare_change=_rerun,
            on_alike_change=_rerun,
            on_add_change=_rerun,
            on_less_change=_rerun,
            on_select_change=take,
        )
    if has_bar:
        selection_bar(workspace, answer)
    else:
        redraw_if_changed()
    # What a browser asks for is believed only if it was shown.
    if event.view in shown:
        larger(workspace, shown[event.view], answer, results)
    if event.alike in shown and answer is not None:
        show_alike(workspace, shown[event.alike], answer.ranking)
    if event.compare in shown:
        st.toast(add_picture(event.compare))
    if event.add in shown:
        add_picture_to_query(workspace, event.add, 1)
    if event.less in shown:
        add_picture_to_query(workspace, event.less, -1)


def _rerun() -> None:
    """With a callback, even one that does nothing, a trigger is always there to be read."""


def _card(
    result: Result,
    marks: Marks,
    facts: Sequence[str],
    source: str,
    chosen: Collection[str],
    filters: Mapping[str, str],
) -> dict[str, object]:
    """A picture as wall.js draws it. One that waits for its vector can only be viewed."""
    picture = result.picture
    prominence, stands_out = marks.get(picture.id, (None, True))
    more = urlencode({"id": picture.id, **filters})
    return {
        "id": picture.id,
        "name": picture.name,
        "facts": list(facts),
        "source": source,
        "cosine": f"{result.hit.cosine:.4f}" if result.hit is not None else None,
        "more": f"image_search?{more}" if result.searchable else None,
        "prominence": None if prominence is None else round(prominence, 3),
        "standsOut": stands_out,
        "alike": len(result.hit.alike) if result.hit is not None else 0,
        "selected": picture.id in chosen,
    }


def _thumbnails_sent() -> set[str]:
    """The ids of the pictures whose thumbnails this session has seen; to be added to."""
    sent: set[str] = st.session_state.setdefault("thumbnails-sent", set())
    return sent


def _source(workspace: Workspace, picture_id: str, sent: set[str]) -> str:
    """The thumbnail itself when this session sees it first, afterwards its static address.

    24 requests for files take longer than all else in a search. wall.js keeps what it was sent;
    where it has it no more, the address serves.
    """
    if picture_id in sent:
        return address(workspace, picture_id)
    sent.add(picture_id)
    return _inline(workspace.thumbnail(picture_id))
