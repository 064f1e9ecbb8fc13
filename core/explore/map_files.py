"""What a browser loads to draw a map: one file of points and names, and sheets of thumbnails."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import IndexUnavailable
from core.files import write_whole
from core.pictures import Grid, atlas_sheet, grid_for

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
Thumbnail = Callable[[str], bytes]

# Changes when sheets or points are written in another way, so that no old file is taken for a new.
VERSION = 1
# Points travel as whole numbers from 0 to this: at the deepest zoom a step is below one pixel.
STEPS = 65_535
# Width divided by height, in hundredths, within which a picture is drawn in its proportions. What
# is longer would be a line of a few pixels.
NARROWEST, WIDEST = 33, 300
# Old files of maps stay up to so many bytes: some ten maps of 10,000 pictures, 3 MB each.
KEPT_BYTES = 32_000_000
# A browser draws and picks among this many points without lag.
MOST_POINTS = 20_000
# Without a folder to write to, a map is sent along with the page; so many pictures take a second.
MOST_HELD = 1024


@dataclass(frozen=True, eq=False)
class MapFiles:
    """One map as files. Picture ids[row] lies at place(points)[row] and in cell `row` of the grid.

    points: name of the file of points. sheets: names of the sheets in their order; a sheet may
    still be in the making. box: left, bottom, right and top of the points. held: the files' bytes
    by name where they cannot be written; a sheet that is not in it does not exist. folder: where
    the files lie that are not held.
    """

    ids: tuple[str, ...]
    points: str
    sheets: tuple[str, ...]
    grid: Grid
    box: Box
    folder: Path
    held: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each picture id."""
        return {picture_id: row for row, picture_id in enumerate(self.ids)}

    def are_there(self) -> bool:
        """False once they were removed to make room for others: the map has to be written anew."""
        return bool(self.held) or (self.folder / self.points).exists()

    def place(self, points: npt.ArrayLike) -> Floats:
        """Points of the layout, shape (n, 2), as the browser has them.

        0 to 1 from left to right and from top to bottom of the box; other points lie outside.
        """
        return _placed(np.asarray(points, dtype=np.float64).reshape(-1, 2), self.box)


class MapFolder:
    """The folder that files of maps lie in; safe to use from many threads.

    Files are named by their content, so that a browser may keep them and two maps of the same
    pictures share their sheets.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # One sheet at a time: each takes a whole core.
        self._making = threading.Lock()

    def files(
        self,
        ids: Sequence[str],
        names: Sequence[str],
        proportions: Sequence[float],
        points: npt.ArrayLike,
        thumbnail: Thumbnail,
        then: Callable[[], None] = lambda: None,
    ) -> MapFiles:
        """Write the points at once and begin to make the sheets that are missing.

        points: shape (n, 2), finite. proportions: width divided by height of each picture.
        thumbnail: the JPEG of a picture id; asked from a thread of its own, and so is `then`, once
        all sheets are there.
        """
        spots = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        box = box_of(spots)
        content = _points_file(ids, names, proportions, _placed(spots, box))
        grid = grid_for(len(ids))
        parts = [ids[n : n + grid.per_sheet] for n in range(0, len(ids), grid.per_sheet)]
        sheets = {_name("sheet", repr((grid.side, *part)).encode(), "jpg"): part for part in parts}
        name = _name("points", content, "json")
        made = MapFiles(tuple(ids), name, tuple(sheets), grid, box, self._folder)
        try:
            self._write(name, content)
            self._remove_old({name, *sheets})
        except OSError:
            log.warning("Maps cannot be written to %s", self._folder.name, exc_info=True)
            held = {name: content}
            if len(ids) <= MOST_HELD:
                held |= {n: atlas_sheet(map(thumbnail, part), grid) for n, part in sheets.items()}
            return MapFiles(tuple(ids), name, tuple(sheets), grid, box, self._folder, held)
        threading.Thread(
            target=self._make, args=(sheets, grid, thumbnail, then), name="map", daemon=True
        ).start()
        return made

    def _make(
        self,
        sheets: Mapping[str, Sequence[str]],
        grid: Grid,
        thumbnail: Thumbnail,
        then: Callable[[], None],
    ) -> None:
        try:
            for name, ids in sheets.items():
                with self._making:
                    if not (self._folder / name).exists():
                        self._write(name, atlas_sheet(map(thumbnail, ids), grid))
            then()
        except (OSError, IndexUnavailable):
            log.warning("The pictures of a map cannot be made", exc_info=True)

    def _write(self, name: str, content: bytes) -> None:
        file = self._folder / name
        try:
            os.utime(file)  # used now: the oldest are removed first
        except FileNotFoundError:
            write_whole(file, content)

    def _remove_old(self, used: set[str]) -> None:
        """Of the files that this map does not use, keep the last used ones up to KEPT_BYTES."""
        for name in used:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._folder / name)
        others = [file for file in self._folder.glob("*-*.*") if file.name not in used]
        found = []
        for file in others:
            with contextlib.suppress(FileNotFoundError):  # another process removed it
                status = file.stat()
                found.append((status.st_mtime_ns, status.st_size, file))
        kept = 0
        for _, size, file in sorted(found, reverse=True):
            kept += size
            if kept > KEPT_BYTES:
                # Windows does not remove a file that is being sent; the next map tries again.
                with contextlib.suppress(OSError):
                    file.unlink()


def box_of(points: Floats) -> Box:
    """Left, bottom, right and top of points; a side without extent gets one, around the points."""
    if len(points) == 0:
        return (0.0, 0.0, 1.0, 1.0)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    # Where all lie on a line or in one place, that is drawn in the middle.
    flat = extent <= 1e-9 * max(float(np.abs(points).max()), float(extent.max()), 1e-300)
    half = np.where(flat, max(float(extent.max()), 1.0) / 2, 0.0)
    left, bottom = (low - half).tolist()
    right, top = (high + half).tolist()
    return (left, bottom, right, top)


def _placed(points: Floats, box: Box) -> Floats:
    left, bottom, right, top = box
    across = (points[:, 0] - left) / (right - left)
    down = (top - points[:, 1]) / (top - bottom)
    return np.stack([across, down], axis=1)


def _points_file(
    ids: Sequence[str], names: Sequence[str], proportions: Sequence[float], placed: Floats
) -> bytes:
    """Compact JSON: columns, and the ids one after another, 64 characters each."""
    across, down = np.clip(np.rint(placed * STEPS), 0, STEPS).astype(int).T.tolist()
    ratios = np.clip(np.rint(np.asarray(proportions, dtype=np.float64) * 100), NARROWEST, WIDEST)
    return json.dumps(
        {
            "steps": STEPS,
            "ids": "".join(ids),
            "names": list(names),
            "x": across,
            "y": down,
            "ratios": ratios.astype(int).tolist(),
        },
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode("utf-8", "replace")


def _name(kind: str, content: bytes, suffix: str) -> str:
    digest = hashlib.sha256(b"%d:" % VERSION + content).hexdigest()
    return f"{kind}-{digest[:32]}.{suffix}"
