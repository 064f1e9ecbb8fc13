"""The bar of the CLIP download: everybody sees it, and only who may manage gets its buttons."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def bar(read_only: bool, phase: str) -> None:
    """A page that shows nothing but the bar, over a download that stands in `phase`."""
    from types import SimpleNamespace

    from core.embedders.clip.setup import SetupState
    from core.settings import Settings
    from ui.local_clip import clip_download

    state = SetupState(phase, 1, 2, "About the weights.")  # type: ignore[arg-type]
    setup = SimpleNamespace(state=lambda: state, start=lambda: None, cancel=lambda: None)
    workspace = SimpleNamespace(settings=Settings(read_only=read_only))
    clip_download(workspace, setup, lambda: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("phase", "button"), [("downloading", "Cancel"), ("failed", "Download")])
def test_the_buttons_of_the_download_are_for_those_who_may_manage(phase: str, button: str) -> None:
    owner = AppTest.from_function(bar, kwargs={"read_only": False, "phase": phase}).run()
    assert [b.label for b in owner.button] == [button]
    visitor = AppTest.from_function(bar, kwargs={"read_only": True, "phase": phase}).run()
    assert not visitor.exception
    assert [t.value for t in visitor.text] == ["About the weights."]
    assert list(visitor.button) == []
