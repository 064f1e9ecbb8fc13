"""The thumbnails as static files."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import IndexUnavailable
from core.files import write_whole

log = logging.getLogger(__name__)


class ThumbnailFiles:
    """Writes the files that a browser fetches by their address.

    folder: where they lie. thumbnail: gives a picture's thumbnail as JPEG; empty if there is no
    such picture.
    """

    def __init__(self, folder: Path, thumbnail: Callable[[str], bytes]) -> None:
        self._folder = folder
        self._thumbnail = thumbnail

    def file(self, picture_id: str) -> Path | None:
        """The thumbnail as a static file, written again if it is missing.

        None if there is no such picture, or no way to write there.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", picture_id):
            return None  # it may come from a visitor, and is about to be part of a path
        file = self._folder / f"{picture_id}.jpg"
        if file.exists():
            return file
        thumbnail = self._thumbnail(picture_id)
        if not thumbnail:
            return None
        try:
            write_whole(file, thumbnail)
        except OSError:
            log.warning("A thumbnail cannot be written to %s", self._folder.name, exc_info=True)
            # On Windows a file that is being read cannot be replaced: then it is there.
            return file if file.exists() else None
        return file

    def write(self, picture_ids: Sequence[str]) -> None:
        """Write the static file of each thumbnail that has none."""
        try:
            for picture_id in picture_ids:
                if self.file(picture_id) is None and self._thumbnail(picture_id):
                    return  # nothing can be written there
        except IndexUnavailable:
            log.warning("The thumbnails cannot be read", exc_info=True)
