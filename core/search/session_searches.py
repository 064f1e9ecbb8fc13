"""Saved searches and history of one visitor, for as long as the visit lasts."""

from __future__ import annotations

from dataclasses import replace

from core.index import HISTORY_KEPT, free_name
from core.model import SavedSearch


class SessionSearches:
    """Keeps the promises of `core.index.port.KeptSearches` in memory."""

    def __init__(self) -> None:
        self._saved: dict[str, SavedSearch] = {}
        self._asked: dict[str, float] = {}

    def saved_searches(self) -> list[SavedSearch]:
        """All of them, the one saved last first."""
        return sorted(self._saved.values(), key=lambda search: (-search.saved, search.name))

    def save_search(self, search: SavedSearch) -> str:
        """Keep a search; returns its name, which gets a number where it is taken."""
        name = free_name(search.name, self._saved)
        self._saved[name] = replace(search, name=name)
        return name

    def rename_search(self, name: str, wanted: str) -> str:
        """Returns the new name, which gets a number where it is taken; "" if there is none such."""
        search = self._saved.pop(name, None)
        return self.save_search(replace(search, name=wanted)) if search is not None else ""

    def delete_search(self, name: str) -> None:
        self._saved.pop(name, None)

    def history(self) -> list[str]:
        """The last HISTORY_KEPT addresses that were asked, the last first, each once."""
        return sorted(self._asked, key=lambda address: (-self._asked[address], address))

    def add_to_history(self, address: str, asked: float, instead_of: str = "") -> bool:
        """Put an address to the top; True if it was not in the history before.

        asked: seconds since 1970. instead_of: an address that is forgotten for it.
        """
        self._asked.pop(instead_of, None)
        new = self._asked.pop(address, None) is None
        self._asked[address] = asked
        for oldest in self.history()[HISTORY_KEPT:]:
            del self._asked[oldest]
        return new

    def clear_history(self) -> None:
        self._asked.clear()
