"""The explorer's view "Odd and double": what is there twice, what stands alone, what is typical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from core.explore import FEWEST, NTH, Extremes
from core.model import Picture, Scope
from core.search import Duplicates, duplicates_csv
from core.workspace import Workspace
from ui.address import choice_in_address
from ui.alike import kilobytes
from ui.filters import filtered
from ui.numbers import count
from ui.polling import poll, redraw
from ui.scope import choose_scope
from ui.take_along import table_button
from ui.wall import PER_PAGE, Group, wall

DOUBLE, ODD, TYPICAL = "double", "odd", "typical"
PARTS = {DOUBLE: "Double", ODD: "Odd", TYPICAL: "Typical"}
ALIKE, EXACT = "alike", "exact"

# Of a larger group, and of a picture in more files, only these are shown; the table has all.
SHOWN = 12

PLACES = ("", "nearest", "second", "third", "fourth", "fifth")

# A few thousand pictures are compared before anybody looks up; for more the page does not wait.
WAITED = 1.0


@dataclass(frozen=True)
class Box:
    """Pictures that stand together below a title: the id of each, and the lines below its name."""

    title: str
    pictures: Sequence[tuple[str, Sequence[str]]]


def odd_view(workspace: Workspace) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = choice_in_address("Part", "part", PARTS)
        scope = choose_scope(workspace)
    scope = filtered(workspace, scope)
    if workspace.progress().running:
        st.caption(
            "Pictures are being read or indexed. Until that has ended, this may be as before."
        )
    if part == DOUBLE:
        _double(workspace, scope)
    else:
        _odd_or_typical(workspace, scope, part)


# -- double


def _double(workspace: Workspace, scope: Scope) -> None:
    current = workspace.alike_are_current()
    # The end of a run draws the page anew by itself.
    if not current and not workspace.progress().running:
        poll(_until_looked, True)(workspace)
    found = workspace.duplicate_groups(scope)
    kinds = {
        ALIKE: f"Look alike · {len(found.alike):,}",
        EXACT: f"Same bytes · {len(found.copies):,}",
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = choice_in_address("Kind of duplicates", "kind", kinds)
        if found.alike or found.copies:
            st.space("stretch")
            table_button(
                "Download list",
                lambda: duplicates_csv(found),
                "duplicates.csv",
                key="duplicates",
            )
    boxes, words = _exact(found) if kind == EXACT else _alike(found, current)
    st.caption(words)
    _pages(workspace, scope, boxes, key=kind)


def _until_looked(workspace: Workspace) -> None:
    if workspace.alike_are_current() or workspace.progress().running:
        redraw()
    st.caption("Looking for pictures that look alike …")


def _alike(found: Duplicates, current: bool) -> tuple[list[Box], str]:
    """current: whether all pictures were looked at."""
    if not found.alike:
        return [], "No two pictures here look alike." if current else "None found yet."

    def box(group: Sequence[Picture]) -> Box:
        more = f", the first {SHOWN} of them here" if len(group) > SHOWN else ""
        shown = [(one.id, (_size(one), _folder(one.paths[0]))) for one in group[:SHOWN]]
        return Box(f"{count(len(group), 'picture')}{more}", shown)

    words = (
        f"{count(len(found.alike), 'group')} of different files that show nearly the same: "
        "resized, saved again, cropped a little."
    )
    return [box(group) for group in found.alike], words


def _exact(found: Duplicates) -> tuple[list[Box], str]:
    if not found.copies:
        return [], "No picture here lies in several files."

    def box(picture: Picture) -> Box:
        rest = len(picture.paths) - SHOWN
        more = [f"and {rest:,} more"] if rest > 0 else []
        lines = (_size(picture), *picture.paths[:SHOWN], *more)
        return Box(count(len(picture.paths), "file"), [(picture.id, lines)])

    words = f"{count(len(found.copies), 'picture')} in several files each, byte for byte the same."
    return [box(picture) for picture in found.copies], words


def _size(picture: Picture) -> str:
    return f"{picture.width:,} × {picture.height:,} · {kilobytes(picture)}"


def _folder(path: str) -> str:
    return path.rpartition("/")[0] + "/"


# -- odd and typical


def _odd_or_typical(workspace: Workspace, scope: Scope, part: str) -> None:
    found = workspace.extremes.get(scope, WAITED)
    if workspace.extremes.progress(scope) is not None:
        poll(_until_compared, True)(workspace, scope)
    elif found is None:
        st.warning("The pictures could not be compared; the log says why.")
    if found is None:
        return
    if found.compared < FEWEST:
        st.caption(f"It takes at least {FEWEST} indexed pictures to tell what is odd or typical.")
        return
    if not found.alone:
        st.caption("To the model all pictures here are the same: none is odd.")
        return
    boxes, words = (_odd if part == ODD else _typical)(found)
    st.caption(f"{_compared(found)} {words}")
    _pages(workspace, scope, boxes, key=part)


def _until_compared(workspace: Workspace, scope: Scope) -> None:
    share = workspace.extremes.progress(scope)
    if share is None:
        redraw()
    st.progress(share or 1.0, "Comparing the pictures …")


def _compared(found: Extremes) -> str:
    if found.compared == found.total:
        return f"{count(found.total, 'picture')} compared."
    return f"{found.compared:,} of {count(found.total, 'picture')} compared, evenly chosen."


def _odd(found: Extremes) -> tuple[list[Box], str]:
    nth = PLACES[min(NTH, found.compared - 1)]
    boxes = [
        Box(
            f"{number} · nearest {one.cosine:.4f} · {nth} {one.nth_cosine:.4f}",
            [(one.picture_id, ()), (one.nearest_id, ("nearest to it",))],
        )
        for number, one in enumerate(found.alone, 1)
    ]
    words = (
        f"These have the least that is like them. The numbers are cosines: with the nearest, which "
        f"stands beside, and with the {nth} nearest, by which they are ordered."
    )
    return boxes, words


def _typical(found: Extremes) -> tuple[list[Box], str]:
    boxes = [Box("", [(one.picture_id, (f"mean cosine {one.mean:.4f}",))]) for one in found.typical]
    return boxes, "These lie nearest to all the others on average."


# -- what is shown of all of them


def _pages(workspace: Workspace, scope: Scope, boxes: Sequence[Box], key: str) -> None:
    """One page of the boxes, and the way to the others."""
    pages = _split(boxes)
    if not pages:
        return
    place = st.container()
    page = 1
    if len(pages) > 1:
        page = st.pagination(len(pages), key=f"page-{key}-{hash(scope)}")
    with place:
        _show(workspace, scope, pages[page - 1])


def _split(boxes: Sequence[Box]) -> list[list[Box]]:
    """In pages of at most PER_PAGE pictures, and at least one box."""
    pages: list[list[Box]] = []
    room = 0
    for box in boxes:
        if len(box.pictures) > room:
            pages.append([])
            room = PER_PAGE
        pages[-1].append(box)
        room -= len(box.pictures)
    return pages


def _show(workspace: Workspace, scope: Scope, boxes: Sequence[Box]) -> None:
    ids = frozenset(picture_id for box in boxes for picture_id, _ in box.pictures)
    listing = workspace.browse(replace(scope, only=ids))
    known = {result.picture.id: result for result in listing.page(0, len(ids))}
    results, facts, groups = [], [], []
    for box in boxes:
        # What was deleted since is left out, and so is a box in which only one of several is left.
        there = [(known[one], lines) for one, lines in box.pictures if one in known]
        if len(there) < min(2, len(box.pictures)):
            continue
        results += [result for result, _ in there]
        facts += [lines for _, lines in there]
        groups.append(Group(box.title, len(there)))
    titled = [group for group in groups if group.title]
    wall(workspace, results, key="odd", groups=titled, facts=facts)
