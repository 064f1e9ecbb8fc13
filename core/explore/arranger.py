"""Lays out collections by likeness in the background, and keeps what it made."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.deadline import Deadline
from core.errors import Cancelled, IndexUnavailable
from core.explore.arrange import arrange_apart
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
        self._is_running = is_running
        self._deadline = Deadline()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._made: OrderedDict[Scope, Arrangement] = OrderedDict()
        # What is asked for, in that order, with the share that is done.
        self._wanted: dict[Scope, float] = {}
        self._failed: dict[Scope, int] = {}
        self._thread: threading.Thread | None = None

    def arrangement(self, scope: Scope, wait: float = 0.0) -> Arrangement | None:
        """The layout of a scope, waited for so many seconds; None while there is none.

        While the collection changes, and until that was laid out, it is the one from before.
        """
        generation = self._space.generation()
        with self._lock:
            made = self._made.get(scope)
            if made is None or (made.generation != generation and not self._is_running()):
                self._begin(scope, generation)
            if made is None and wait:
                self._changed.wait_for(lambda: scope not in self._wanted, wait)
            elif made is not None:
                self._made.move_to_end(scope)
            return self._made.get(scope)

    def progress(self, scope: Scope) -> float | None:
        """The share of the work on a scope that is done, 0 to 1; None if nobody works on it."""
        with self._lock:
            return self._wanted.get(scope)

    def close(self) -> None:
        """Stop, for good; what was not finished is made another time."""
        self._deadline.cancel.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _begin(self, scope: Scope, generation: int) -> None:
        if scope in self._wanted or self._failed.get(scope) == generation:
            return
        self._wanted[scope] = 0.0
        if self._thread is None and not self._deadline.cancel.is_set():
            self._thread = threading.Thread(target=self._work, name="layout", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted or self._deadline.cancel.is_set():
                    self._thread = None
                    return
                scope = next(iter(self._wanted))
            made, generation = None, -1
            try:
                generation = self._space.generation()
                made = self._arranged(scope)
            except (Cancelled, IndexUnavailable) as error:
                log.info("The map is laid out another time: %s", error)
            except Exception:
                # Not again before something has changed.
                log.exception("The map could not be laid out")
                self._failed[scope] = generation
            with self._lock:
                if made is not None:
                    self._made[scope] = made
                    self._made.move_to_end(scope)
                    if len(self._made) > HELD:
                        self._made.popitem(last=False)
                del self._wanted[scope]
                self._changed.notify_all()

    def _arranged(self, scope: Scope) -> Arrangement:
        sample = self._space.sample(scope, MOST_POINTS)
        kept = self._kept(scope)
        if kept is not None and kept[0] == sample.ids:
            return Arrangement(*kept, sample.generation)

        def progress(share: float) -> None:
            self._deadline.check()
            # Only this thread takes a scope away.
            self._wanted[scope] = share

        found = arrange_apart(sample.vectors, _places(sample.ids, kept), progress)
        made = Arrangement(sample.ids, *found, sample.generation)
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
