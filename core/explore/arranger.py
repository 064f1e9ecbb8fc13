"""Lays out collections by likeness in the background, and keeps what it made."""

from __future__ import annotations

import hashlib
import io
import logging
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.explore.arrange import arrange_apart
from core.explore.background import PerScope, Progress
from core.explore.layout import Points
from core.explore.map_files import MOST_POINTS
from core.files import write_whole
from core.index import VectorSpace
from core.model import Scope

log = logging.getLogger(__name__)

# Changes when layouts come out differently, so that no old one is taken for a new.
VERSION = 1
# With a larger share of new pictures a map is laid out anew: they would crowd around the few that
# were there before.
MOST_NEW = 0.25
# Scopes whose layout stays in memory, 2 MB each at 20,000 pictures, and as files.
HELD, KEPT = 4, 16


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Pictures on a plane, each near to those it is most like; and the groups they form.

    ids: picture ids in ascending order. points: where the layout has them, shape (n, 2). spread:
    the same, moved apart so that they can be seen. labels: the cluster of each, shape (n,).
    generation: the state of the index that this is true of.
    """

    ids: tuple[str, ...]
    points: Points
    spread: Points
    labels: npt.NDArray[np.intp]
    generation: int


class Arranger:
    """The layouts of one embedder's vectors, and the thread that makes them.

    Safe to use from many threads. Layouts are kept in a folder of files; where that cannot be
    written they last as long as the program.
    """

    def __init__(
        self, space: VectorSpace, folder: Path, embedder_id: str, is_running: Callable[[], bool]
    ) -> None:
        """is_running: whether a run is on that changes the collection from moment to moment."""
        self._space = space
        self._folder = folder
        self._embedder_id = embedder_id
        self._layouts = PerScope(space, self._arranged, is_running, name="layout", held=HELD)

    def arrangement(self, scope: Scope, wait: float = 0.0) -> Arrangement | None:
        """The layout of a scope, waited for so many seconds; None while there is none.

        While the collection changes, and until that was laid out, it is the one from before.
        """
        return self._layouts.get(scope, wait)

    def progress(self, scope: Scope) -> float | None:
        """The share of the work on a scope that is done, 0 to 1; None if nobody works on it."""
        return self._layouts.progress(scope)

    def close(self) -> None:
        """Stop, for good; what was not finished is made another time."""
        self._layouts.close()

    def _arranged(self, scope: Scope, progress: Progress) -> Arrangement:
        sample = self._space.sample(scope, MOST_POINTS)
        # The whole that it is chosen from says where to begin.
        kept = self._kept(scope)
        if kept is not None and kept[0] == sample.ids:
            return Arrangement(*kept, sample.generation)

        found = arrange_apart(sample.vectors, _places(sample.ids, kept), progress)
        made = Arrangement(sample.ids, *found, sample.generation)
        # What is chosen by filters has no name that a file could carry, and is chosen anew.
        if scope.filters:
            return made
        try:
            self._keep(scope, made)
        except OSError:
            log.warning("Maps cannot be kept in %s", self._folder.name, exc_info=True)
        return made

    # -- files

    def _file(self, scope: Scope) -> Path:
        named = repr((VERSION, self._embedder_id, scope.collection, scope.folder))
        return self._folder / f"layout-{hashlib.sha256(named.encode()).hexdigest()[:32]}.npz"

    def _keep(self, scope: Scope, made: Arrangement) -> None:
        content = io.BytesIO()
        np.savez(
            content,
            ids=np.array(made.ids, dtype="S64"),
            points=made.points,
            spread=made.spread,
            labels=made.labels,
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._file(scope), content.getvalue())
        files = sorted(self._folder.glob("layout-*.npz"), key=lambda file: -file.stat().st_mtime)
        for file in files[KEPT:]:
            file.unlink(missing_ok=True)

    def _kept(self, scope: Scope) -> _Kept | None:
        """What was kept of a scope; None if there is nothing, or nothing that is whole."""
        try:
            content = io.BytesIO(self._file(scope).read_bytes())
            with np.load(content, allow_pickle=False) as file:
                ids = tuple(str(one, "ascii") for one in file["ids"].tolist())
                points, apart, labels = (file[name] for name in ("points", "spread", "labels"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        shapes = {points.shape, apart.shape} == {(len(ids), 2)} and labels.shape == (len(ids),)
        sound = shapes and np.isfinite(points).all() and np.isfinite(apart).all()
        if not sound or (len(ids) and not 0 <= labels.min() <= labels.max() < len(ids)):
            return None
        return ids, points, apart, labels.astype(np.intp)


def _places(ids: Sequence[str], kept: _Kept | None) -> Points:
    """Where pictures stay, shape (n, 2): NaN for new ones, and for all if those are too many."""
    places = np.full((len(ids), 2), np.nan)
    if kept is not None:
        before = dict(zip(kept[0], kept[1], strict=True))
        known = [row for row, one in enumerate(ids) if one in before]
        if known and len(known) >= (1 - MOST_NEW) * len(ids):
            places[known] = [before[ids[row]] for row in known]
    return places


_Kept = tuple[tuple[str, ...], Points, Points, npt.NDArray[np.intp]]
