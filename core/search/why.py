"""Why a picture has its place in a ranking: figures that can be shown to whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.search.ranking import Ranking
from core.vectors import Vector, Vectors

Floats = npt.NDArray[np.float64]

# The spread of a word's cosines over fewer pictures than this is chance.
FEWEST_PICTURES = 20
# Added to each spread, so that a word whose cosines are almost the same everywhere is no finding.
LEAST_SPREAD = 0.002


def found(ranking: Ranking) -> int | None:
    """How many pictures a search compared; None where it kept only the best of them."""
    if ranking.cut:
        return None
    return len({one.picture_id for hit in ranking.hits for one in (hit, *hit.alike)})


def nearer_than(rank: int, count: int) -> int:
    """The share of `count` ranked pictures that rank 1, 2, ... is nearer than: a whole per cent.

    Rounded down, so that nothing is said to be nearer than all, itself included.

    >>> nearer_than(8, 264)
    96
    """
    return 100 * max(0, count - rank) // count


def main_reason(first: Sequence[float], second: Sequence[float]) -> tuple[int, float]:
    """The part that speaks most for the nearer of two pictures, and by how much.

    first, second: the two pictures' shares, in the order of the parts; shares of one picture add up
    to its cosine. The nearer picture is the one with the higher sum.
    """
    differences = np.subtract(first, second)
    if differences.sum() < 0:
        differences = -differences
    part = int(differences.argmax())
    return part, float(differences[part])


@dataclass(frozen=True, eq=False)
class KnownWords:
    """The words that an embedder knows, and what is usual for each in a collection.

    vectors: shape (words, dimensions). level, spread: mean and standard deviation of each word's
    cosines over the collection, shape (words,); None where there are too few pictures to tell.
    """

    words: tuple[str, ...]
    vectors: Vectors
    level: Floats | None
    spread: Floats | None


def known_words(words: Sequence[str], vectors: Vectors, pictures: Vectors) -> KnownWords:
    """The words with their levels on the pictures, shape (n, dimensions): a fair sample will do."""
    if len(pictures) < FEWEST_PICTURES:
        return KnownWords(tuple(words), vectors, None, None)
    cosines = pictures @ vectors.T
    level = cosines.mean(axis=0, dtype=np.float64)
    spread = cosines.std(axis=0, dtype=np.float64)
    return KnownWords(tuple(words), vectors, level, spread)


def nearest_words(known: KnownWords, picture: Vector, count: int) -> list[str]:
    """The `count` words that a picture lies nearest to, measured by what is usual for each word.

    Some words ("calm") have a high cosine with almost every picture, and say nothing of this one.
    So a cosine counts by how many standard deviations it lies above the word's own mean.
    """
    height: Floats = np.asarray(known.vectors @ picture, dtype=np.float64)
    if known.level is not None and known.spread is not None:
        height = (height - known.level) / (known.spread + LEAST_SPREAD)
    return [known.words[number] for number in np.argsort(-height, kind="stable")[:count]]
