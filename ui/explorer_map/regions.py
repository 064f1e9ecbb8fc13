"""The groups of a collection as tinted regions of the map, and as a list of links."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.explore import DrawnMap, map_regions
from core.story import EXPLORER, TEXT_SEARCH
from core.workspace import Workspace
from ui.address import follow_choice, write_choice
from ui.collection_map import NamedRegion
from ui.filters import filters_asked
from ui.links import link
from ui.literal import literal
from ui.scope import NAME as SCOPE
from ui.standing_out import learn_words
from ui.within import NAME as WITHIN
from ui.within import Groups, of_group

KEY, NAME = "map-groups", "groups"
AUTOMATIC, NONE = 0, -1
# More names than this are not read on a map.
NUMBERS = (AUTOMATIC, 2, 3, 4, 6, 8, 10, 12, 16, NONE)


def choose_number() -> int:
    """How many groups: AUTOMATIC, NONE or a number."""
    in_address = {str(number): number for number in NUMBERS if number > 0} | {"none": NONE}
    first = follow_choice(NAME, KEY, in_address, AUTOMATIC)

    def write() -> None:
        chosen = st.session_state[KEY]
        names = {AUTOMATIC: "", NONE: "none"}
        write_choice(NAME, names.get(chosen, str(chosen)))

    return st.selectbox(
        "Groups",
        NUMBERS,
        index=NUMBERS.index(first) if first is not None else 0,
        format_func=lambda number: {AUTOMATIC: "As many as fit", NONE: "None"}.get(
            number, str(number)
        ),
        key=KEY,
        on_change=write,
        persist_state="session",
        width=140,
        help="How many is found by trying 4 to 16: the number at which pictures most often share "
        "their group with their nearest neighbours, beyond what chance gives.",
    )


def regions_of(drawn: DrawnMap, groups: Groups) -> list[NamedRegion]:
    """In the order of the groups. One whose pictures lie nowhere together has no outline."""
    return _regions(drawn.files.points, groups.key, drawn, groups)


@st.cache_resource(max_entries=24, show_spinner=False)
def _regions(points: str, key: str, _drawn: DrawnMap, _groups: Groups) -> list[NamedRegion]:
    # The first two name what the others hold.
    drawn, groups = _drawn, _groups
    found = map_regions(drawn.points, groups.clusters.of(drawn.files.ids))
    # A group of which the map shows no picture has no region of its own.
    outlines = {region.cluster: region.outlines for region in found}
    return [
        NamedRegion(
            name, tuple([(x, y) for x, y in part.tolist()] for part in outlines.get(number, ()))
        )
        for number, name in enumerate(groups.names)
    ]


def list_of_groups(workspace: Workspace, groups: Groups, of: int) -> None:
    """Each group's name searches within it."""
    st.markdown("**What is in here**")
    if workspace.words.known_words() is None:
        learn_words(workspace, "Name the groups", "Learning words for the groups")
    sizes = np.bincount(groups.clusters.labels, minlength=len(groups.names))
    st.html(f"<style>{''.join(map(_dot, range(len(groups.names))))}</style>")
    for number, (name, size) in enumerate(zip(groups.names, sizes.tolist(), strict=True)):
        with st.container(key=f"group-{number}", horizontal=True, vertical_alignment="center"):
            link(
                f"{literal(name, 40)} · {size:,}",
                TEXT_SEARCH,
                search_within(of_group(number, of)),
                key=f"group-{number}",
                here=EXPLORER,
            )


def _dot(number: int) -> str:
    """The colour of a region before its name; hues as in collection_map/map.js."""
    hue = round((number * 137.508 + 20) % 360)
    return (
        f".st-key-group-{number}::before {{ content: ''; flex: none; width: .8rem; height: .8rem;"
        f" border-radius: 50%; align-self: center; background: hsl({hue} 50% 62%); }}"
    )


def search_within(value: str) -> Mapping[str, str]:
    """The parameters of a search within some pictures, in the scope of this page."""
    scope = st.query_params.get(SCOPE, "")
    return {WITHIN: value, **({SCOPE: scope} if scope else {}), **filters_asked()}
