"""Folders that are not there now, though their files are still in the index."""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.index import Index
from core.model import Away

KEY = "away"  # of the small fact in the index that the last scan left

# A folder that held this many files and now holds none is taken for a drive that is not mounted: an
# empty folder is what stands in its place. Fewer are deleted by hand in one go, and read anew in a
# second if they come back.
MANY = 5


def keep_away(index: Index, places: Sequence[Away]) -> None:
    """Record what a scan found to be away."""
    rows = [[place.path, place.files, place.reason] for place in places]
    text = json.dumps(rows) if places else ""
    if index.meta(KEY) != text:
        index.set_meta(KEY, text)


def away(index: Index) -> list[Away]:
    """What the last scan found to be away."""
    return [Away(*row) for row in json.loads(index.meta(KEY) or "[]")]


def forget_away(index: Index) -> None:
    """Forget the files of all that is away. Their pictures go with the next scan."""
    forget_below(index, tuple(place.path for place in away(index)))
    keep_away(index, [])


def forget_below(index: Index, gone: tuple[str, ...]) -> None:
    """Forget the files whose paths begin so. Their pictures go with the next scan."""
    # Only files that lay on this disk: an imported index may know others by the same path.
    index.forget_files(
        path
        for path, row in index.files().items()
        if row.size is not None and path.startswith(gone)
    )
    index.forget_files(path for path in index.unreadable() if path.startswith(gone))
