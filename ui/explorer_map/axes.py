"""The ends of a map's two axes: words or pictures, each a parameter of the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import EmbedderError
from core.search import query_key
from core.vectors import Vector
from core.workspace import Workspace
from ui.calls import price_tag
from ui.collection_map import Axes
from ui.paying import agreed
from ui.vocabulary_notice import name_unknown_words
from ui.wall import thumbnail

NAMES = ("left", "right", "bottom", "top")
# A picture as an end, as the address has it: its id after this.
PICTURE = "id:"

# What most collections have something of; a model that does not understand one is not offered it.
PRESETS = (
    ("night", "day", "city", "nature"),
    ("night", "day", "city", "forest"),
    ("cold", "warm", "gloomy", "calm"),
    ("winter", "summer", "indoors", "outdoors"),
    ("snow", "sunset", "water", "mountains"),
)
OFFERED = 3


@dataclass(frozen=True, eq=False)
class End:
    """One end: as the address has it, as the page shows it, and its vector."""

    written: str
    label: str
    vector: Vector


@dataclass(frozen=True, eq=False)
class Ends:
    left: End
    right: End
    bottom: End
    top: End

    def labels(self) -> Axes:
        return Axes(self.left.label, self.right.label, self.bottom.label, self.top.label)


def choose_ends(workspace: Workspace) -> Ends | None:
    """Four ends; None, and a sentence or a button, where one of them has no vector yet."""
    presets = _presets(workspace)
    if not any(st.query_params.get(name) for name in NAMES):
        written = dict(zip(NAMES, presets[0], strict=True))
    else:
        written = {name: st.query_params.get(name, "") for name in NAMES}
    _offer_presets(presets, written)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name in NAMES:
            _edit(workspace, name, written)
    missing = [name for name in NAMES if not written[name]]
    if missing:
        st.caption(f"Say what lies at the {' and at the '.join(missing)}: a word or a few.")
        return None
    if not _agreed_to_pay(workspace, written):
        return None
    try:
        ends = [_end(workspace, written[name]) for name in NAMES]
    except EmbedderError as error:
        st.warning(str(error), icon=":material/search_off:")
        return None
    if any(end is None for end in ends):
        st.warning(
            "A picture at the end of an axis is not in the collection (any more). Write a word "
            "in its place.",
            icon=":material/broken_image:",
        )
        return None
    return Ends(*(end for end in ends if end is not None))


def put_at_end(name: str, picture_id: str, workspace: Workspace) -> None:
    """Put a picture at one end; the others stay, or are what is shown at first."""
    if not any(st.query_params.get(one) for one in NAMES):
        for one, word in zip(NAMES, _presets(workspace)[0], strict=True):
            st.query_params[one] = word
    st.query_params[name] = PICTURE + picture_id


def _presets(workspace: Workspace) -> Sequence[tuple[str, str, str, str]]:
    unknown = workspace.embedder.unknown_words
    understood = [ends for ends in PRESETS if not any(unknown(word) for word in ends)]
    return (understood or PRESETS)[:OFFERED]


def _offer_presets(presets: Sequence[tuple[str, str, str, str]], written: dict[str, str]) -> None:
    labels = [f"{a} – {b} · {c} – {d}" for a, b, c, d in presets]
    shown = tuple(written[name] for name in NAMES)
    now = next((label for label, ends in zip(labels, presets, strict=True) if ends == shown), None)

    # Other ends in the address, other pills: a value put into those that are there would come back
    # from the browser as a choice, and run the page once more.
    key = f"axes-preset-{shown}"

    def take() -> None:
        chosen = st.session_state[key]
        if chosen:
            st.query_params.update(zip(NAMES, presets[labels.index(chosen)], strict=True))

    st.pills("Axes", labels, default=now, key=key, on_change=take, label_visibility="collapsed")


def _edit(workspace: Workspace, name: str, written: dict[str, str]) -> None:
    """A box for a word, or the picture that stands there."""
    value = written[name]
    default = _presets(workspace)[0][NAMES.index(name)]
    if value.startswith(PICTURE):
        picture = workspace.picture(value.removeprefix(PICTURE))
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if picture is not None:
                st.image(thumbnail(workspace, picture.id), alt=picture.name, width=40)
            st.button(
                f"{name.capitalize()}: remove the picture",
                key=f"axis-remove-{name}",
                type="tertiary",
                on_click=lambda: st.query_params.update({name: default}),
            )
        return
    # Another word in the address, another box: so it begins with that word.
    key = f"axis-{name}-{value}"

    def write() -> None:
        # The others come into the address too, so that it says the whole map.
        st.query_params.update({**written, name: query_key(st.session_state[key])})

    st.text_input(name.capitalize(), value=value, key=key, max_chars=60, on_change=write, width=150)


def _agreed_to_pay(workspace: Workspace, written: dict[str, str]) -> bool:
    asked = {text for text in written.values() if not text.startswith(PICTURE)}
    calls = sum(not workspace.queries.is_free(text) for text in asked)
    label = f"Arrange · {price_tag(workspace, calls)}"
    return not calls or agreed(str(sorted(asked)), label, key="pay-axes")


def _end(workspace: Workspace, written: str) -> End | None:
    if written.startswith(PICTURE):
        picture_id = written.removeprefix(PICTURE)
        picture, vector = workspace.picture(picture_id), workspace.queries.picture(picture_id)
        if picture is None or vector is None:
            return None
        return End(written, picture.name, vector)
    name_unknown_words(workspace, written)
    return End(written, written, workspace.queries.text(written))
