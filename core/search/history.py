"""What of a session's searches becomes an entry of the history."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from core.index import KeptSearches

# Whoever has not typed on for so long has looked at what was found.
TYPING_SECONDS = 10.0

# Browsers and hosts take addresses of some 8 KB; what is longer was not opened in one.
LONGEST_ADDRESS = 16_000

# The parameters that say what is asked, and where; the others only how it is shown.
ASKING = ("q", "pic", "id", "in", "within")


@dataclass(frozen=True)
class Asked:
    """What a session asked last.

    entry: the address again if this session brought it into the history, where typing on may
    replace it; else "". kept: False while a query that was only shortened waits for what comes
    next.
    """

    address: str = ""
    at: float = 0.0
    entry: str = ""
    kept: bool = True


def remember(searches: KeptSearches, last: Asked, address: str, now: float, *, live: bool) -> Asked:
    """Bring an address into the history if it is another than the last.

    The same query shown in another way takes the place of its entry. live: the search follows while
    somebody types. Then "re", "red", "red boat" are one entry, and a query that is being shortened
    is none until it stands still: asked again as it is. now: seconds since 1970. Raises
    IndexUnavailable.
    """
    instead_of = ""
    if address == last.address:
        if last.kept:
            return last
    elif len(address) > LONGEST_ADDRESS:
        return Asked(address, now)
    elif _query(address) == _query(last.address):
        instead_of = last.entry
    elif live and is_longer(last.address, address):
        return Asked(address, now, kept=False)
    elif live and is_longer(address, last.address) and now - last.at < TYPING_SECONDS:
        instead_of = last.entry
    new = searches.add_to_history(address, now, instead_of)
    return Asked(address, now, address if new else "")


def is_longer(address: str, other: str) -> bool:
    """True if both ask the same, and the text of the first goes on where the other's ends."""
    text, *rest = _query(address)
    other_text, *other_rest = _query(other)
    return rest == other_rest and len(text) > len(other_text) > 0 and text.startswith(other_text)


def _query(address: str) -> tuple[str, ...]:
    """What an address asks: the values of ASKING, the text first, then the page."""
    page, _, written = address.partition("?")
    parameters = dict(parse_qsl(written))
    return (*(parameters.get(name, "") for name in ASKING), page)
