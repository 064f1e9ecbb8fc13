"""core.hosting.access: what a visitor may do."""

from __future__ import annotations

import pytest

from core.errors import NotAllowed
from core.hosting import access_for


def test_whoever_opens_the_app_may_manage_it() -> None:
    access_for(read_only=False).require_manage()


def test_a_visitor_of_a_read_only_showcase_is_refused_with_a_sentence() -> None:
    access = access_for(read_only=True)
    assert not access.may_manage
    with pytest.raises(NotAllowed, match=r"read-only.*\.$"):
        access.require_manage()
