"""What a visitor may do: one object that every page asks, and every action checks."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotAllowed
from core.hosting.people import Person
from core.settings import Settings

READ_ONLY = "This showcase is read-only: its pictures are set."


@dataclass(frozen=True)
class Access:
    """What one visitor may do.

    may_manage: change the collection and the server: index, stop, upload, delete, import, take
    the index along, download or cancel the weights of a model; and see what calls were made.
    may_enter: see the collection at all and search it. refusal: why not, a sentence or "".
    """

    may_manage: bool
    may_enter: bool = True
    refusal: str = ""

    def require_manage(self) -> None:
        """Raise NotAllowed for a visitor who may only search."""
        if not self.may_manage:
            raise NotAllowed(self.refusal or READ_ONLY)


def access_for(settings: Settings, person: Person | None = None) -> Access:
    """What whoever signed in as `person`, or nobody, may do.

    With OWNERS or VISITORS, only owners manage, whatever READ_ONLY says.
    """
    if settings.owners is None and settings.visitors is None:
        return Access(may_manage=not settings.read_only)
    address = person.confirmed_address if person is not None else ""
    if address and address in (settings.owners or ()):
        return Access(may_manage=True)
    if settings.visitors is None:
        refusal = person.refusal if person is not None else ""
        return Access(may_manage=False, refusal=refusal)
    if address and {address, address.partition("@")[2]} & set(settings.visitors):
        return Access(may_manage=False)
    return Access(may_manage=False, may_enter=False, refusal=_closed(person))


def _closed(person: Person | None) -> str:
    if person is None:
        return "This showcase is for those who are invited: sign in to see it."
    return person.refusal or (
        f"{person.address} is not among those who are invited. Ask the owner of this showcase, or "
        "sign in with another address."
    )
