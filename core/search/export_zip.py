"""Results as a ZIP: the table, and the files of the pictures."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from core.model import Picture
from core.search.export import MOST_TAKEN_ALONG, NOTHING, Told, to_csv
from core.search.ranking import Result
from core.sources import safe_name

# The finished ZIP lies in the server's memory while it is downloaded.
MOST_ZIP_BYTES = 500_000_000

TABLE, FOLDER, NOTE = "ranking.csv", "pictures", "not all pictures.txt"


def write_zip(
    target: IO[bytes],
    results: Sequence[Result],
    parts: Sequence[str],
    original: Callable[[Picture], bytes | None],
    thumbnail: Callable[[str], bytes],
    told: Told = NOTHING,
    *,
    most_files: int = MOST_TAKEN_ALONG,
    most_bytes: int = MOST_ZIP_BYTES,
) -> None:
    """Write `ranking.csv` and the pictures' files, best first, until one does not fit any more.

    original: the bytes of a picture's file, or None where there is none here: then its thumbnail
    (JPEG) takes the place. One picture at a time is held in memory. Where pictures are left out, a
    note in the ZIP says so; the table lists all. parts, told: as for `to_csv`. Raises OSError.
    """
    files: dict[str, str] = {}
    names = _Names()
    room = most_bytes
    # Stored, not packed: pictures do not become smaller.
    with zipfile.ZipFile(target, "w") as archive:
        for result in results[:most_files]:
            picture = result.picture
            data = original(picture)
            wanted = safe_name(picture.name)
            if data is None:
                data = thumbnail(picture.id)
                wanted = f"{Path(wanted).stem} (thumbnail).jpg"
            if len(data) > room:
                break
            room -= len(data)
            files[picture.id] = f"{FOLDER}/{names.free(wanted)}"
            archive.writestr(files[picture.id], data)
        archive.writestr(TABLE, to_csv(results, parts, files, told), zipfile.ZIP_DEFLATED)
        if len(files) < len(results):
            archive.writestr(
                NOTE,
                f"This ZIP holds the first {len(files):,} of {len(results):,} pictures: at most "
                f"{most_files:,} files and {most_bytes / 1e6:,.0f} MB. {TABLE} lists all.\n",
            )


class _Names:
    """Names of which no two are the same, also where capitals and small letters are one."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, wanted: str) -> str:
        """The name itself, or with the first number that makes it another."""
        name = next(name for name in self._numbered(wanted) if name.casefold() not in self._taken)
        self._taken.add(name.casefold())
        return name

    @staticmethod
    def _numbered(wanted: str) -> Iterator[str]:
        yield wanted
        path, number = Path(wanted), 1
        while True:
            number += 1
            yield f"{path.stem} ({number}){path.suffix}"
