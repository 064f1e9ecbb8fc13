"""The pictures that are near-identical to a result and are shown with it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.model import Picture
from core.search import Ranking, Result
from core.workspace import Workspace
from ui.dialog import dialog
from ui.numbers import count

# More of one picture than this tell nothing more.
SHOWN = 24


@dialog("Near-identical pictures")
def show_alike(workspace: Workspace, result: Result, ranking: Ranking) -> None:
    """The result itself, then those that look like it, with what sets their files apart."""
    assert result.hit is not None
    hits = (result.hit, *result.hit.alike)
    st.caption(
        f"{count(len(hits), 'picture')} that look the same. Files with the same bytes are one "
        "picture and are listed below it."
    )
    if len(hits) > SHOWN:
        st.caption(f"The first {SHOWN} are shown.")
    with st.container(horizontal=True, gap="medium", key="alike-pictures"):
        for one in replace(ranking, hits=hits).page(0, SHOWN):
            with st.container(width=200, gap="xxsmall", key=f"facts-alike-{one.picture.id}"):
                _one(workspace, one)


def _one(workspace: Workspace, result: Result) -> None:
    picture = result.picture
    if small := workspace.thumbnail(picture.id):
        st.image(small, alt=picture.name, width="stretch")
    st.text(picture.name)
    cosine = f"{result.hit.cosine:.4f} · " if result.hit is not None else ""
    st.caption(f"{cosine}{picture.width:,} × {picture.height:,} · {kilobytes(picture)}")
    files(picture)


def kilobytes(picture: Picture) -> str:
    return f"{picture.bytes / 1000:,.0f} kB"


def files(picture: Picture) -> None:
    """Where the picture lies; how many files hold it if they are several."""
    if len(picture.paths) > 1:
        st.caption(f"{len(picture.paths):,} files with the same bytes:")
    for path in picture.paths:
        st.text(path)
