"""Maps of a collection: pictures on a plane by one of four rules, ready for a browser to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from core.explore.arranger import Arrangement, Arranger
from core.explore.axes import along_axis
from core.explore.clusters import find_clusters
from core.explore.gap import modalities
from core.explore.layout import Points, balance
from core.explore.map_files import MOST_POINTS, MapFiles, MapFolder
from core.explore.projection import Projection, project
from core.index import Index, VectorSpace
from core.model import Scope
from core.vectors import Vector, Vectors

Labels = npt.NDArray[np.intp]


def _none() -> Points:
    return np.zeros((0, 2))


@dataclass(frozen=True, eq=False)
class DrawnMap:
    """The picture files.ids[row] lies at points[row]; shape (n, 2).

    arrangement: the layout that it was drawn from; None for a map by another rule. projection: the
    plane that it shows, without its points. explained: the share of the differences between the
    pictures that lie in the plane. texts: where the texts lie that were asked for, shape (m, 2).
    gap: how far apart the middles of texts and pictures are in the whole space.
    """

    files: MapFiles
    points: Points
    arrangement: Arrangement | None = None
    projection: Projection | None = None
    explained: float = 0.0
    texts: Points = field(default_factory=_none)
    gap: float = 0.0

    def place(self, vector: Vector, nearest: Sequence[str]) -> tuple[float, float] | None:
        """Where a query lies: exactly on a plane, else where the pulls of its nearest balance.

        nearest: ids of pictures on this map. None where there is neither a plane nor such a
        picture.
        """
        if self.projection is not None:
            x, y = self.projection.place(vector)[0].tolist()
            return x, y
        if not nearest:
            return None
        around = self.points[[self.files.rows[i] for i in nearest]]
        x, y = balance(around[None])[0].tolist()
        return x, y


@dataclass(frozen=True, eq=False)
class Clusters:
    """The picture ids[row] belongs to the cluster labels[row]: 0 for the largest; shape (n,)."""

    ids: tuple[str, ...]
    labels: Labels

    def of(self, ids: Sequence[str]) -> Labels:
        """The cluster of each of these pictures; -1 for one that belongs to none."""
        if tuple(ids) == self.ids:
            return self.labels
        known = dict(zip(self.ids, self.labels.tolist(), strict=True))
        return np.array([known.get(i, -1) for i in ids], dtype=np.intp)

    def members(self, cluster: int) -> tuple[str, ...]:
        """The pictures of a cluster, in ascending order of their ids."""
        return tuple(self.ids[row] for row in np.flatnonzero(self.labels == cluster))


class Maps:
    """The maps of one embedder's vectors. Safe to use from many threads.

    Every map holds the pictures of a scope, evenly thinned to MOST_POINTS. Every method raises
    IndexUnavailable.
    """

    def __init__(
        self,
        index: Index,
        space: VectorSpace,
        arranger: Arranger,
        folder: MapFolder,
        thumbnail: Callable[[str], bytes],
        drawn: Callable[[Sequence[str]], None],
    ) -> None:
        """thumbnail: the JPEG of a picture id. drawn: told once all files of a map are there, from
        a thread of its own."""
        self._index = index
        self._space = space
        self._arranger = arranger
        self._folder = folder
        self._thumbnail = thumbnail
        self._drawn = drawn

    def arrangement(self, scope: Scope, wait: float = 0.0) -> Arrangement | None:
        """The layout by likeness, waited for so many seconds; None while there is none."""
        return self._arranger.arrangement(scope, wait)

    def progress(self, scope: Scope) -> float | None:
        """How far the layout of a scope is, 0 to 1; None if nobody works on one."""
        return self._arranger.progress(scope)

    def by_likeness(self, arrangement: Arrangement, scope: Scope) -> DrawnMap:
        """Each picture beside those it is most like; the axes and large distances mean nothing."""
        files = self._files(arrangement.ids, arrangement.spread, scope)
        return DrawnMap(files, arrangement.spread, arrangement)

    def by_difference(self, scope: Scope) -> DrawnMap:
        """The plane in which the pictures differ most (principal component analysis)."""
        sample = self._space.sample(scope, MOST_POINTS)
        found = project(sample.vectors)
        files = self._files(sample.ids, found.points, scope)
        plane = Projection(found.mean, found.axes, _none(), found.explained)
        return DrawnMap(
            files, found.points, projection=plane, explained=float(sum(found.explained))
        )

    def by_axes(self, scope: Scope, ends: tuple[Vector, Vector, Vector, Vector]) -> DrawnMap:
        """Pictures between two meanings across and two up; ends: left, right, bottom, top.

        A picture's place is, for each axis, its cosine with the one end less that with the other.
        """
        sample = self._space.sample(scope, MOST_POINTS)
        left, right, bottom, top = ends
        points = np.stack(
            [along_axis(sample.vectors, left, right), along_axis(sample.vectors, bottom, top)],
            axis=1,
        )
        return DrawnMap(self._files(sample.ids, points, scope), points)

    def by_kind(self, scope: Scope, texts: Vectors, closed: bool) -> DrawnMap:
        """Pictures and texts in the one plane in which both kinds differ most.

        closed: with the middle of each kind moved to the origin.
        """
        sample = self._space.sample(scope, MOST_POINTS)
        found = modalities(sample.vectors, texts, closed)
        return DrawnMap(
            self._files(sample.ids, found.pictures, scope),
            found.pictures,
            explained=float(sum(found.explained)),
            texts=found.texts,
            gap=found.gap,
        )

    def clusters(self, scope: Scope, k: int | None = None) -> Clusters:
        """The groups that the pictures of a scope form.

        k: how many; None for the number that fits the collection.
        """
        made = self._arranger.arrangement(scope) if k is None else None
        if made is not None:
            return Clusters(made.ids, made.labels)
        sample = self._space.sample(scope, MOST_POINTS)
        return Clusters(sample.ids, find_clusters(sample.vectors, k))

    def _files(self, ids: Sequence[str], points: Points, scope: Scope) -> MapFiles:
        known = self._index.pictures(ids, scope)
        # Those deleted meanwhile have no name.
        names = [known[i].name if i in known else "" for i in ids]
        proportions = [known[i].width / known[i].height if i in known else 1.0 for i in ids]
        return self._folder.files(
            ids, names, proportions, points, self._thumbnail, lambda: self._drawn(ids)
        )
