"""What a visitor may do: one object that every page asks, and every action checks."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotAllowed


@dataclass(frozen=True)
class Access:
    """What one visitor may do beside searching.

    may_manage: change the collection and the server: index, stop, upload, delete, import, take
    the index along, download or cancel the weights of a model.
    """

    may_manage: bool

    def require_manage(self) -> None:
        """Raise NotAllowed for a visitor who may only search."""
        if not self.may_manage:
            raise NotAllowed("This showcase is read-only: its pictures are set.")


def access_for(read_only: bool) -> Access:
    """What everybody who opens the app may do."""
    return Access(may_manage=not read_only)
