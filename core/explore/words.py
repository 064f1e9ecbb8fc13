"""Words beside pictures: which of a list of words lie near to one, and what they say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.vectors import Vector, Vectors, unit

Floats = npt.NDArray[np.float64]

# The spread of a word's cosines over fewer pictures than this is chance.
FEWEST_PICTURES = 20
# Added to each spread, so that a word whose cosines are almost the same everywhere is no finding.
LEAST_SPREAD = 0.002
# A word is said of a picture if its cosine lies this many standard deviations above its mean. From
# 0.75 to 2, clusters of what is said agree best with what the pictures show around here.
SAID_FROM = 1.25


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


@dataclass(frozen=True)
class NearWord:
    """A word and its cosine with a picture."""

    word: str
    cosine: float


def known_words(words: Sequence[str], vectors: Vectors, pictures: Vectors) -> KnownWords:
    """The words with their levels on the pictures, shape (n, dimensions): a fair sample will do."""
    if len(pictures) < FEWEST_PICTURES:
        return KnownWords(tuple(words), vectors, None, None)
    cosines = pictures @ vectors.T
    level = cosines.mean(axis=0, dtype=np.float64)
    spread = cosines.std(axis=0, dtype=np.float64)
    return KnownWords(tuple(words), vectors, level, spread)


def heights(known: KnownWords, pictures: Vectors, words: Sequence[int] | None = None) -> Floats:
    """How far each picture lies above what is usual for each word, shape (n, words).

    In standard deviations of the word's cosines; where what is usual is not known, the cosine.
    words: numbers of the words that are asked for; all if it is None.
    """
    chosen = slice(None) if words is None else list(words)
    cosines = np.asarray(pictures @ known.vectors[chosen].T, dtype=np.float64)
    if known.level is None or known.spread is None:
        return cosines
    return (cosines - known.level[chosen]) / (known.spread[chosen] + LEAST_SPREAD)


def nearest_words(known: KnownWords, picture: Vector, count: int) -> list[NearWord]:
    """The `count` words that a picture lies nearest to, measured by what is usual for each word.

    Some words ("calm") have a high cosine with almost every picture, and say nothing of this one.
    So a cosine counts by how many standard deviations it lies above the word's own mean.
    """
    height = heights(known, picture[None])[0]
    return [
        NearWord(known.words[number], float(known.vectors[number] @ picture))
        for number in np.argsort(-height, kind="stable")[:count]
    ]


def profiles(known: KnownWords, pictures: Vectors) -> Vectors:
    """What the words say of each picture, as unit rows, shape (n, words + 1).

    Pictures of one subject have like profiles, even if colours and manner set their vectors apart.
    The last column is the same for all: it keeps apart from the others what no word is said of.
    """
    said = np.maximum(heights(known, pictures) - SAID_FROM, 0.0)
    if known.level is None:
        # Without what is usual, no cosine is high or low; pictures are told apart by all words.
        said = heights(known, pictures)
    return unit(np.hstack([said, np.full((len(said), 1), 0.1)]))


def best_of(known: KnownWords, pictures: Vectors, words: Sequence[int]) -> npt.NDArray[np.intp]:
    """For each picture the one of these words that it lies highest for, shape (n,).

    The numbers count within `words`, which holds at least one: places, for example, or times.
    """
    best: npt.NDArray[np.intp] = heights(known, pictures, words).argmax(axis=1)
    return best
