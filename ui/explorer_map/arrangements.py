"""By which rule the pictures are laid out: `map` in the address, and what is said of each rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.explore import MOST_POINTS, Arrangement, DrawnMap
from core.model import Scope
from core.vectors import Vector
from core.workspace import Workspace
from ui.address import follow_choice, write_choice
from ui.explorer_map.axes import Ends
from ui.numbers import count
from ui.polling import poll, redraw

LIKENESS, PLANE, WORDS, KINDS = "likeness", "plane", "words", "kinds"
LABELS = {
    LIKENESS: "Likeness",
    PLANE: "Difference (PCA)",
    WORDS: "Words",
    KINDS: "Texts and pictures",
}
KEY, NAME = "map-kind", "map"

# A small collection is laid out before anybody looks up; for a larger one the page does not wait.
WAITED = 1.5

# Every map holds the names of its pictures, 2 MB at 20,000.
HELD = 24

# A map whose files were removed meanwhile, to make room for others, is drawn again.
_kept = st.cache_resource(
    max_entries=HELD,
    show_spinner="Drawing the map …",
    validate=lambda drawn: drawn.files.are_there(),
)


@dataclass(frozen=True, eq=False)
class Told:
    """A map and what is said of it."""

    drawn: DrawnMap
    words: str


def choose_arrangement() -> str:
    chosen = st.segmented_control(
        "Arranged by",
        list(LABELS),
        default=follow_choice(NAME, KEY, {name: name for name in LABELS}, LIKENESS),
        required=True,
        format_func=LABELS.__getitem__,
        key=KEY,
        on_change=lambda: write_choice(NAME, st.session_state[KEY]),
        persist_state="session",
    )
    return chosen or LIKENESS


def arrangement_of(workspace: Workspace, scope: Scope) -> Arrangement | None:
    """The layout by likeness, and how far a new one is while it is made; None while there is none.

    Every map needs it: it is what groups are found with.
    """
    arrangement = workspace.maps.arrangement(scope, WAITED)
    if workspace.maps.progress(scope) is not None:
        waiting = "New pictures are being placed" if arrangement else "Being laid out by likeness"
        poll(_until_laid_out, True)(workspace, scope, waiting)
    return arrangement


def likeness_or_plane(workspace: Workspace, scope: Scope, arrangement: Arrangement | None) -> Told:
    """The map by likeness; the plane as long as there is no layout."""
    if arrangement is None:
        told = plane(workspace, scope)
        if workspace.maps.progress(scope) is not None:
            return told
        words = f"The map by likeness could not be made; this is the other one. {told.words}"
        return Told(told.drawn, words)
    state = f"{workspace.map_state()}-{arrangement.generation}"
    drawn = _by_likeness(state, scope, workspace, arrangement)
    return Told(
        drawn,
        f"{_how_many(workspace, scope, drawn)}, each near those it is most like. Directions and "
        "large distances mean nothing.",
    )


def _how_many(workspace: Workspace, scope: Scope, drawn: DrawnMap) -> str:
    """The number of pictures on a map, and of how many, where it holds a part of them."""
    shown = len(drawn.points)
    if shown < MOST_POINTS:
        return count(shown, "picture")
    return f"{shown:,} of {count(len(workspace.browse(scope)), 'picture')}, evenly chosen"


def _until_laid_out(workspace: Workspace, scope: Scope, waiting: str) -> None:
    share = workspace.maps.progress(scope)
    if share is None:
        redraw()
    st.progress(share or 1.0, f"{waiting} …")


@st.cache_resource(
    max_entries=HELD, show_spinner=False, validate=lambda drawn: drawn.files.are_there()
)
def _by_likeness(
    state: str, scope: Scope, _workspace: Workspace, _arrangement: Arrangement
) -> DrawnMap:
    # The state stands for the vectors, here and below: hashing them would read only a sample.
    return _workspace.maps.by_likeness(_arrangement, scope)


def plane(workspace: Workspace, scope: Scope) -> Told:
    drawn = _by_difference(workspace.map_state(), scope, workspace)
    return Told(
        drawn,
        f"{_how_many(workspace, scope, drawn)} by the two directions in which they differ most "
        f"(PCA); the plane shows {drawn.explained:.0%} of their differences.",
    )


@_kept
def _by_difference(state: str, scope: Scope, _workspace: Workspace) -> DrawnMap:
    return _workspace.maps.by_difference(scope)


def between_words(workspace: Workspace, scope: Scope, ends: Ends) -> Told:
    vectors = (ends.left.vector, ends.right.vector, ends.bottom.vector, ends.top.vector)
    names = str([end.written for end in (ends.left, ends.right, ends.bottom, ends.top)])
    drawn = _by_axes(workspace.map_state(), scope, names, workspace, vectors)
    return Told(
        drawn,
        f"{_how_many(workspace, scope, drawn)}. Across: the cosine with the right end less that "
        "with the left; up likewise. At 0 a picture is as near to the one as to the other.",
    )


@_kept
def _by_axes(
    state: str,
    scope: Scope,
    names: str,
    _workspace: Workspace,
    _ends: tuple[Vector, Vector, Vector, Vector],
) -> DrawnMap:
    return _workspace.maps.by_axes(scope, _ends)


def texts_and_pictures(
    workspace: Workspace, scope: Scope, texts: Sequence[tuple[str, Vector]]
) -> Told:
    """texts: what is shown beside the pictures."""
    if not texts:
        drawn = plane(workspace, scope).drawn
        return Told(drawn, "No text has a vector yet: search for something on the map.")
    closed = _bring_together()
    names = str([text for text, _ in texts])
    vectors = [vector for _, vector in texts]
    drawn = _by_kind(workspace.map_state(), scope, names, closed, workspace, vectors)
    words = (
        f"Texts and pictures live apart: the middles of the two kinds lie {drawn.gap:.2f} from "
        "each other, where 0 is one place. A search does not suffer, because it only compares "
        "the cosines of one text."
    )
    if closed:
        words = (
            f"Each kind was moved to the same middle, which takes away the {drawn.gap:.2f} that "
            "lie between them: now words come to lie among what they mean."
        )
    return Told(drawn, words)


def _bring_together() -> bool:
    key, name = "map-closed", "closed"
    first = follow_choice(name, key, {"1": True}, default=False) or False
    return st.toggle(
        "Bring both together",
        value=first,
        key=key,
        on_change=lambda: write_choice(name, "1" if st.session_state[key] else ""),
        width="content",
    )


@_kept
def _by_kind(
    state: str,
    scope: Scope,
    names: str,
    closed: bool,
    _workspace: Workspace,
    _vectors: Sequence[Vector],
) -> DrawnMap:
    return _workspace.maps.by_kind(scope, np.stack(_vectors), closed)
