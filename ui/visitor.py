"""Who is looking, and what they may do."""

from __future__ import annotations

import hashlib

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.hosting import Access, Person, SignOuts, access_for, person_of
from core.settings import Settings
from core.workspace import Workspace

# Of the whole process: a sign-out in one tab holds for the others.
_sign_outs = SignOuts()


def visitor(workspace: Workspace) -> Access:
    """What this session's visitor may do. The one place that every page and action asks."""
    return access_of(workspace.settings)


def access_of(settings: Settings) -> Access:
    """The same before there is a workspace."""
    return access_for(settings, signed_in(settings))


def signed_in(settings: Settings) -> Person | None:
    """Who signed in; None for nobody, and where nobody can. Asked anew on every run."""
    if not settings.providers:
        return None
    person = person_of(st.user.to_dict(), [one.metadata_url for one in settings.providers])
    return None if person is None or _sign_outs.is_over(person) else person


def end_sign_in(person: Person) -> None:
    """Sign out in every tab, also in those that are open."""
    _sign_outs.end(person)


def who_asks(settings: Settings) -> str:
    """Names the visitor for whom this thread draws; "" on a thread that draws for nobody.

    Whoever signed in, or else the session, which needs no cookie; whoever opens the page anew is
    another one then. Not the session's own id: what is named here is written to the index.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return ""
    person = signed_in(settings)
    return person.id if person else hashlib.sha256(context.session_id.encode()).hexdigest()[:16]


def manage(workspace: Workspace) -> Workspace:
    """The workspace for an action that changes something.

    Every such action goes through here, so that it is refused on the server's side too and not
    only hidden on the page. Raises NotAllowed.
    """
    visitor(workspace).require_manage()
    return workspace
