"""Copying the index between the data folder and the database."""

from __future__ import annotations

from dataclasses import replace

from core.index import Copying, CopyState, open_index
from core.settings import Settings


class FolderCopying:
    """One copy at a time, in either direction, in the background.

    settings: where the index lies now, and where the data folder is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._copying = Copying()

    def copy_state(self) -> CopyState:
        """How far a copy of the index is, between the data folder and the database."""
        return self._copying.state()

    def can_copy_from_folder(self) -> bool:
        """True if the index lies in a database, and another one in the data folder."""
        return self._settings.has_postgres and (self._settings.data_dir / "index.sqlite").exists()

    def copy_from_folder(self) -> bool:
        """Begin to add the index in the data folder to the database; False while a copy is on."""
        here, there = self._in_the_folder(), self._settings
        return self._copying.start(lambda: (open_index(here), open_index(there)))

    def copy_to_folder(self) -> bool:
        """Begin to add the index in the database to the data folder; False while a copy is on."""
        here, there = self._in_the_folder(), self._settings
        return self._copying.start(lambda: (open_index(there), open_index(here)))

    def cancel_copy(self) -> None:
        """Stop the copy; what was copied stays, and the next one goes on from there."""
        self._copying.cancel()

    def _in_the_folder(self) -> Settings:
        return replace(self._settings, postgres_host="")
