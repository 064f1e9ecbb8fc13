"""Who is looking, and what they may do."""

from __future__ import annotations

from core.hosting import Access, access_for
from core.workspace import Workspace


def visitor(workspace: Workspace) -> Access:
    """What this session's visitor may do. The one place that every page and action asks."""
    return access_for(read_only=workspace.settings.read_only)


def manage(workspace: Workspace) -> Workspace:
    """The workspace for an action that changes something.

    Every such action goes through here, so that it is refused on the server's side too and not
    only hidden on the page. Raises NotAllowed.
    """
    visitor(workspace).require_manage()
    return workspace
