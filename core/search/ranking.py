"""A query of weighted parts -> a ranking, and what is browsed without a query."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from core.index import Index, VectorSpace
from core.model import Hit, Order, Picture, Scope
from core.search.query import Part, combine, weighted_sum


@dataclass(frozen=True)
class Result:
    """A picture as a page shows it.

    hit: its place in a ranking, None where nothing was asked. searchable: it has a vector, so
    that one can search for what is like it.
    """

    picture: Picture
    hit: Hit | None
    searchable: bool


class Results(Protocol):
    """Pictures in an order, read page by page."""

    def __len__(self) -> int: ...

    def page(self, first: int, count: int) -> list[Result]:
        """The results from number `first` (0 is the best) on; those deleted meanwhile left out."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """What a search found, best first.

    exact: False where an approximate index may have missed one. cut: True if there are more than
    are kept. recall: the share of the nearest that such an index finds, if that was measured.
    """

    hits: tuple[Hit, ...]
    exact: bool
    cut: bool
    scope: Scope
    index: Index
    recall: float | None = None

    def __len__(self) -> int:
        return len(self.hits)

    def first(self, order: Sequence[int]) -> Ranking:
        """The same hits in another order, given by their numbers here."""
        return replace(self, hits=tuple(self.hits[number] for number in order))

    def collapsed(self, groups: Mapping[str, int]) -> Ranking:
        """The first hit of each group carries the others in `alike`; ranks stay what they are.

        groups: the number of the group of each picture that is in one.
        """
        members: dict[int | str, list[Hit]] = {}
        for hit in self.hits:
            members.setdefault(groups.get(hit.picture_id, hit.picture_id), []).append(hit)
        return replace(
            self,
            hits=tuple(
                replace(first, alike=tuple(others)) if others else first
                for first, *others in members.values()
            ),
        )

    def page(self, first: int, count: int) -> list[Result]:
        """The results from number `first` on; those deleted meanwhile are left out."""
        hits = self.hits[first : first + count]
        known = self.index.pictures([hit.picture_id for hit in hits], self.scope)
        return [
            Result(known[hit.picture_id], hit, searchable=True)
            for hit in hits
            if hit.picture_id in known
        ]


@dataclass(frozen=True, eq=False)
class Listing:
    """All pictures of a scope in a fixed order, whether they can be found yet or not."""

    scope: Scope
    index: Index
    space: VectorSpace
    order: Order | None = None

    def __len__(self) -> int:
        return self.index.count(self.scope)

    def page(self, first: int, count: int) -> list[Result]:
        """The pictures from number `first` on; those deleted meanwhile are left out."""
        ids = self.index.page(self.scope, first, count, self.order)
        known, searchable = self.index.pictures(ids, self.scope), self.space.having(ids)
        return [Result(known[i], None, i in searchable) for i in ids if i in known]


def search(
    index: Index,
    space: VectorSpace,
    parts: Sequence[Part],
    scope: Scope,
    *,
    longest: int,
    leave_out: Collection[str] = (),
    exact: bool = False,
) -> Ranking:
    """Rank the pictures in `scope` by their cosine with the combined query.

    leave_out: ids of pictures that are not to be found: those of the query. longest: how many hits
    are kept. exact: without an approximate index. Equal cosines are ordered by picture id.

    Raises QueryError, IndexUnavailable.
    """
    # One more than is kept, and one for each picture that is left out.
    nearest = space.nearest(combine(parts), longest + 1 + len(leave_out), scope, exact=exact)
    found = [
        (picture_id, cosine)
        for picture_id, cosine in zip(nearest.ids, nearest.cosines, strict=True)
        if picture_id not in leave_out
    ]
    hits = [Hit(i, cosine, rank) for rank, (i, cosine) in enumerate(found[:longest], 1)]
    return Ranking(
        hits=_with_shares(space, parts, hits),
        exact=nearest.exact,
        # An approximate index gives no more than some pages, and falls back where there are fewer.
        cut=len(found) > longest or not nearest.exact,
        recall=nearest.recall,
        scope=scope,
        index=index,
    )


def _with_shares(space: VectorSpace, parts: Sequence[Part], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits with each part's exact share of their cosine.

    The shares add up to the cosine: a dot product of a sum is the sum of dot products.
    """
    if len(parts) == 1:
        return tuple(replace(hit, shares=(hit.cosine,)) for hit in hits)
    length = float(np.linalg.norm(weighted_sum(parts)))
    weighted = np.stack([part.weight / length * part.vector for part in parts])
    ids, vectors = space.vectors([hit.picture_id for hit in hits])
    shares = dict(zip(ids, (vectors @ weighted.T).tolist(), strict=True))
    return tuple(replace(hit, shares=tuple(shares.get(hit.picture_id, ()))) for hit in hits)
