"""Few things in a row, such that what is alike stands side by side."""

from __future__ import annotations

import numpy as np

from core.explore.similarity import Floats


def by_likeness(similarities: Floats) -> list[int]:
    """The rows of a symmetric matrix of similarities, in an order that puts near ones together.

    Average linkage: the two groups with the highest mean similarity are joined until one is left,
    each time turned so that the most similar of their ends meet (Gruvaeus and Wainer 1972). Every
    group stays together, and what lies on a line comes out in its order. Of the two directions in
    which it can be read, the one that begins with the lower row. Time grows with the fourth power
    of the number of rows: it is meant for dozens.
    """
    groups = [[row] for row in range(len(similarities))]
    while len(groups) > 1:
        pairs = [(a, b) for b in range(len(groups)) for a in range(b)]
        a, b = max(
            pairs, key=lambda pair: similarities[np.ix_(groups[pair[0]], groups[pair[1]])].mean()
        )
        second = groups.pop(b)
        groups[a] = _joined(groups[a], second, similarities)
    (order,) = groups or [[]]
    return order if order[:1] <= order[-1:] else order[::-1]


def _joined(first: list[int], second: list[int], similarities: Floats) -> list[int]:
    """Two groups in one row, each forwards or backwards."""
    ways = [(one, other) for one in (first, first[::-1]) for other in (second, second[::-1])]
    one, other = max(ways, key=lambda way: similarities[way[0][-1], way[1][0]])
    return one + other
