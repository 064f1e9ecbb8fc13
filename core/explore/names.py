"""Names for clusters: the words that most of a cluster's pictures share, and others do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.explore.words import Floats, KnownWords, heights
from core.vectors import Vectors

# Words in a name: more are not read on a map.
MOST_WORDS = 3
# Only the words nearest to a cluster's middle may name it, so that a word is not chosen for being
# rare elsewhere: one in eighteen of the list, and at least some. Of 3 to 6 of the built-in model's
# 74, four gave the most names that are true.
NEAREST_SHARE = 1 / 18
FEWEST_NEAREST = 4
# As many times more stand by, for a cluster whose name another has already.
SPARE = 3
# A word counts by the height that all but this share of a cluster's pictures reach, so that it is
# true of most and not of a few very surely. Of 0.2 to 0.5, the one with the most true names.
LEFT_OUT = 0.4
# A further word must be at least this high; the first is needed in any case.
WORTH_SAYING = 0.3


def name_clusters(
    known: KnownWords, pictures: Vectors, labels: npt.NDArray[np.intp]
) -> list[tuple[str, ...]]:
    """One to three words for each of the clusters 0, 1, ..., the most telling first.

    pictures: shape (n, dimensions). labels: each picture's cluster, shape (n,). No two clusters
    have the same words: where one would, a further word takes the place of its last. A cluster for
    which the list has no name of its own gets an empty one.
    """
    clusters = int(labels.max(initial=-1)) + 1
    ranked = [_ranked(known, pictures[labels == cluster]) for cluster in range(clusters)]
    # Who has the surest word chooses first.
    order = sorted(range(clusters), key=lambda c: -ranked[c][0][1] if ranked[c] else np.inf)
    names: list[tuple[str, ...]] = [()] * clusters
    taken: set[frozenset[str]] = set()
    for cluster in order:
        for name in _proposals(known.words, ranked[cluster]):
            if frozenset(name) not in taken:
                names[cluster] = name
                taken.add(frozenset(name))
                break
    return names


def _ranked(known: KnownWords, members: Vectors) -> list[tuple[int, float]]:
    """(word, height) of the words that may name these pictures, best first."""
    if len(members) == 0 or len(known.words) == 0:
        return []
    middle = members.mean(axis=0)
    count = max(FEWEST_NEAREST, round(NEAREST_SHARE * len(known.words)))
    order = np.argsort(-(known.vectors @ middle), kind="stable")
    near, spare = order[:count], order[count : count + SPARE * count]
    reached: Floats = np.quantile(heights(known, members, near.tolist()), LEFT_OUT, axis=0)
    best = np.argsort(-reached, kind="stable")
    ranked = [(int(near[place]), float(reached[place])) for place in best]
    return ranked + [(int(word), -np.inf) for word in spare]


def _proposals(words: Sequence[str], ranked: Sequence[tuple[int, float]]) -> list[tuple[str, ...]]:
    """Names in the order in which they are wished for."""
    telling = [
        words[word]
        for place, (word, height) in enumerate(ranked)
        if place == 0 or height > WORTH_SAYING
    ]
    others = [words[word] for word, _ in ranked if words[word] not in telling]
    first = tuple(telling[:MOST_WORDS])
    spare = telling[MOST_WORDS:] + others
    kept = first[: MOST_WORDS - 1]
    names = [first, *((*kept, word) for word in spare)]
    return [name for name in names if name]
