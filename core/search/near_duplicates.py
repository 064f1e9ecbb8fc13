"""Pictures that show nearly the same, in groups: found by embeddings, confirmed by signatures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from core.deadline import Deadline
from core.index import Neighbours
from core.pictures import SIGNATURE_BYTES
from core.search.same_picture import Flags, Seen, same_pictures, seen

# Of each picture so many are looked at: those whose vectors are nearest. That needs no bound on the
# cosine, which would be another one for each embedder. A copy is nearly always the nearest of all.
CANDIDATES = 4

# Pairs that are compared together: 512 of them take some 20 MB.
PAIRS_AT_ONCE = 512


def near_duplicates(
    neighbours: Neighbours, signatures: Mapping[str, bytes], deadline: Deadline
) -> tuple[tuple[str, ...], ...]:
    """Groups of picture ids; every picture of a group shows the same as its first.

    neighbours: the CANDIDATES nearest of each picture. signatures: by picture id; a picture that
    has none is in no group. The groups are disjoint, and ordered by their first id. Raises
    Cancelled.
    """
    known = np.array([picture_id in signatures for picture_id in neighbours.ids], dtype=bool)
    pairs = _pairs(neighbours.nearest)
    pairs = pairs[known[pairs].all(axis=1)]
    none = bytes(SIGNATURE_BYTES)
    pictures = seen([signatures.get(picture_id, none) for picture_id in neighbours.ids])
    groups = _groups(pairs[_same(pictures, pairs, deadline)], pictures, deadline)
    return tuple(sorted(tuple(neighbours.ids[number] for number in group) for group in groups))


def _pairs(nearest: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Every picture with each of its nearest, once each, shape (pairs, 2)."""
    count, candidates = nearest.shape
    first = np.repeat(np.arange(count), candidates)
    pairs = np.sort(np.column_stack([first, nearest.ravel()]), axis=1)
    # One number for a pair: unique by rows would take ten times as long.
    codes = np.unique(pairs[:, 0] * count + pairs[:, 1])
    return np.column_stack([codes // max(count, 1), codes % max(count, 1)])


def _same(pictures: Seen, pairs: npt.NDArray[np.intp], deadline: Deadline) -> Flags:
    """`same_pictures`, some pairs after the others."""
    found = [np.zeros(0, dtype=bool)]
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        deadline.check()
        found.append(same_pictures(pictures, pairs[start : start + PAIRS_AT_ONCE]))
    return np.concatenate(found)


def _groups(confirmed: npt.NDArray[np.intp], pictures: Seen, deadline: Deadline) -> list[list[int]]:
    """Groups around a first picture that shows the same as each other of the group.

    Pairs alone would make chains: of the frames of a film each is like the next, and the first and
    the last show different things. The picture with the most pairs comes first.
    """
    partners: dict[int, list[int]] = {}
    for first, second in confirmed.tolist():
        partners.setdefault(first, []).append(second)
        partners.setdefault(second, []).append(first)
    groups = []
    taken: set[int] = set()
    for leader in sorted(partners, key=lambda number: (-len(partners[number]), number)):
        if leader in taken:
            continue
        group = [leader]
        seen = {leader}
        fresh = [number for number in partners[leader] if number not in taken]
        while fresh:
            group += fresh
            seen.update(fresh)
            beyond = {other for number in fresh for other in partners[number]} - seen - taken
            seen |= beyond
            pairs = np.array([(leader, other) for other in sorted(beyond)], dtype=np.intp)
            fresh = pairs[_same(pictures, pairs, deadline), 1].tolist() if beyond else []
        if len(group) > 1:
            groups.append(group)
            taken.update(group)
    return groups
