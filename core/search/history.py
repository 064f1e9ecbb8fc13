"""What of a session's searches becomes an entry of the history."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from core.index import KeptSearches

# Whoever has not typed on for so long has looked at what was found.
TYPING_SECONDS = 10.0

# Browsers and hosts take addresses of some 8 KB; what is longer was not opened in one.
LONGEST_ADDRESS = 16_000


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

    live: the search follows while somebody types. Then "re", "red", "red boat" are one entry, and a
    query that is being shortened is none until it stands still: asked again as it is. now: seconds
    since 1970. Raises IndexUnavailable.
    """
    instead_of = ""
    if address == last.address:
        if last.kept:
            return last
    elif len(address) > LONGEST_ADDRESS:
        return Asked(address, now)
    elif live and is_longer(last.address, address):
        return Asked(address, now, kept=False)
    elif live and is_longer(address, last.address) and now - last.at < TYPING_SECONDS:
        instead_of = last.entry
    new = searches.add_to_history(address, now, instead_of)
    return Asked(address, now, address if new else "")


def is_longer(address: str, other: str) -> bool:
    """True if both ask the same, and the text of the first goes on where the other's ends."""
    (page, text), (other_page, other_text) = _page_and_text(address), _page_and_text(other)
    return page == other_page and len(text) > len(other_text) > 0 and text.startswith(other_text)


def _page_and_text(address: str) -> tuple[tuple[str, frozenset[tuple[str, str]]], str]:
    page, _, query = address.partition("?")
    parameters = dict(parse_qsl(query))
    text = parameters.pop("q", "")
    return (page, frozenset(parameters.items())), text
