"""The one workspace of the process, and the settings it is made from."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from core.errors import IndexUnavailable
from core.settings import Settings, load_settings
from core.workspace import Workspace
from ui.navigation import require_frame
from ui.page_over import end_page
from ui.polling import page_drawn, redraw
from ui.visitor import who_asks

# How long a run that computes keeps the interpreter while a page waits for it, which it does at
# each of its hundred looks into the index. Python's own is five times as long.
SWITCH_SECONDS = 0.001

# Of two sessions that find the workspace outdated, the second must not close the new one.
_following = threading.Lock()

ROOT = Path(__file__).resolve().parent.parent


@st.cache_resource(show_spinner="Opening the collection …")
def _workspace() -> Workspace:
    settings = _settings()
    workspace = Workspace(settings, ROOT, _settings, lambda: who_asks(settings))
    _make_room_for_pages()
    return workspace


def _make_room_for_pages() -> None:
    """Have the interpreter spend its time on what is drawn (benchmarks/README.md, "Visitors")."""
    # Streamlit has all that lives looked through for garbage after each run of a page and of a
    # poll: half of what a search cost. What lives now, nearly all of it modules, is left out.
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_SECONDS)


def _settings() -> Settings:
    return load_settings(
        dotenv_path=ROOT / ".env",
        secrets=_secrets(),
        root=ROOT,
        secrets_files=[Path(name) for name in st.get_option("secrets.files")],
    )


def open_workspace() -> Workspace:
    """The workspace; where the data folder cannot be used, a sentence and the end of the page.

    Where another process has switched to another model, one that follows it.
    """
    require_frame()
    try:
        workspace = _workspace()
        if workspace.is_outdated():
            with _following:
                if _workspace() is workspace:
                    workspace.close()
                    _workspace.clear()
            workspace = _workspace()
        return workspace
    except IndexUnavailable as error:
        st.error(str(error), icon=":material/database_off:")
        end_page()


def reopen_workspace() -> None:
    """Start over with what the settings ask for, now that it is there."""
    _workspace().close()
    _workspace.clear()
    page_drawn()  # nothing waits: what is shown has lost its workspace
    redraw()


def _secrets() -> dict[str, object]:
    try:
        return dict(st.secrets)
    except (StreamlitSecretNotFoundError, OSError, UnicodeDecodeError):
        return {}  # none, or `load_settings` says why they cannot be read
