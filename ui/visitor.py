"""Who is looking, and what they may do."""

from __future__ import annotations

import hashlib

from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.hosting import Access, access_for
from core.workspace import Workspace


def visitor(workspace: Workspace) -> Access:
    """What this session's visitor may do. The one place that every page and action asks."""
    return access_for(read_only=workspace.settings.read_only)


def who_asks() -> str:
    """Names the visitor for whom this thread draws; "" on a thread that draws for nobody.

    A visitor is a session, which needs no cookie; whoever opens the page anew is another one. This
    is the one place that names visitors: one who signs in would be named by that instead. Not the
    session's own id: what is named here is written to the index.
    """
    context = get_script_run_ctx(suppress_warning=True)
    return hashlib.sha256(context.session_id.encode()).hexdigest()[:16] if context else ""


def manage(workspace: Workspace) -> Workspace:
    """The workspace for an action that changes something.

    Every such action goes through here, so that it is refused on the server's side too and not
    only hidden on the page. Raises NotAllowed.
    """
    visitor(workspace).require_manage()
    return workspace
