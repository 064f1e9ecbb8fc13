"""Which hits of a search stand out, and where the line lies below which they do not.

A cosine means nothing by itself: its level differs between embedders, between queries and between
pictures. What repeats is a shape. Asked for one thing, a collection answers with a few pictures at
one level (the matches), then with hardly any, then with the many that do not match. How far below
the level the thin place lies is learned from a bank of texts whose rows of cosines are laid over
each other, top to top; so the rule is not changed by a scale or a shift of all cosines, of one
text's cosines or of one picture's. Measured in benchmarks/README.md, "What stands out".

All functions take cosines as plain float arrays: one row for each text, one column for each
picture. A collection of any size needs no more than the hits themselves and a sample of a few
thousand pictures. A `Background` is worth keeping for as long as the pictures stay the same: its
own numbers are few, and beside it one keeps the bank's vectors, the sample and the sample's
offsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

# The level of a row is the mean of its best few: one alone may be an accident, and a thing that
# five pictures show is already found.
BEST = 5
# With fewer pictures the best five are not few among many.
FEWEST_PICTURES = 30
# With fewer texts neither the spread of their levels nor the offsets of pictures can be told.
FEWEST_TEXTS = 8
# A row whose level lies this many spreads below the bank's usual level shows nothing that matches.
FAR_BELOW = 3.0
# The thin place counts if the density there is below this share of the density on both sides.
CLEAR = 0.75
# A weak word may be made up for by the whole query, and the other way round, but by no more than
# this share of the distance between the level and the line.
SLACK = 1 / 3
# The bank's rows are sorted by how clear their own thin place is; this share is listened to. The
# others may be of texts that nothing in the collection matches.
LISTENED_TO = 0.3
# Widths of smoothing, the region that is searched and its bins, in units of the distance between a
# row's level and its middle.
WIDTHS = (0.03, 0.05, 0.08)
HIGHEST, DEEPEST = -0.3, 1.0
BIN = 0.005
# The same for one row alone, in gaps.
NARROW = 0.15
# Offsets and levels settle within so many rounds.
ROUNDS = 4
# Each text is held against offsets learned from seven eighths of the others.
FOLDS = 8
# Of a picture's best this many texts, the mean tells its offset. Every picture shows about as many.
BEST_TEXTS = 3


@dataclass(frozen=True, eq=False)
class Background:
    """What the texts of a bank score on a collection: learned once for a state of the index.

    gap: how far the line lies below a row's level, in units of cosine. level, spread: where the
    levels of the bank's rows usually lie, and how much they differ (infinite if too few are known).
    thinness: density at the line as a share of the density on both sides of it, 0 to 1; above
    `CLEAR` no line is drawn. best_texts: how many texts tell a picture's own offset; 0 if pictures
    are not corrected. levels: of each text of the bank, shape (texts,). middle: the median offset.
    """

    gap: float
    level: float
    spread: float
    thinness: float
    best_texts: int
    levels: Floats
    middle: float

    @property
    def is_clear(self) -> bool:
        return self.gap > 0 and self.thinness < CLEAR

    def offsets(self, bank: Floats) -> Floats:
        """By how much pictures score above others whatever is asked, shape (pictures,).

        Such pictures are called hubs (Radovanović and others, JMLR 11, 2010).
        bank: cosines of the same bank with any pictures, shape (texts, pictures).
        """
        if not self.best_texts:
            return np.zeros(bank.shape[1])
        found: Floats = _top(bank - self.levels[:, None], self.best_texts, 0) - self.middle
        return found


@dataclass(frozen=True, eq=False)
class Relevance:
    """How far each hit stands out. It orders and compares; it is no probability.

    prominence: shape (hits,), 0 to 1. 0 is the middle of the collection and 1 the level of what
    matches wholly; where there is a line, 0.5 is its place at strictness 0. stands_out: bool, shape
    (hits,). line: the prominence above which a hit stands out; None where a line would mean
    nothing, and then no hit does.
    """

    prominence: Floats
    stands_out: npt.NDArray[np.bool_]
    line: float | None

    @property
    def count(self) -> int:
        """How many hits stand out."""
        return int(self.stands_out.sum())

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """The hits' numbers with those that stand out first, else in the order that they had.

        Half a match, or a picture that scores high whatever is asked, may have a higher cosine
        than a whole match.
        """
        return np.argsort(~self.stands_out, kind="stable")


def learn_background(bank: Floats) -> Background:
    """The background of a collection from the cosines of a bank of texts with its pictures.

    bank: shape (texts, pictures), a sample of the pictures where there are many. Good texts are
    short, each names one thing, and together they say several things about every picture. Whether
    pictures have offsets of their own is decided by cross-validation: a way to correct them is
    used if it makes the thin place of texts that it was not learned from clearer.
    """
    texts, pictures = bank.shape
    if pictures < FEWEST_PICTURES or not texts:
        nothing = np.zeros(texts)
        return Background(0.0, 0.0, np.inf, thinness=1.0, best_texts=0, levels=nothing, middle=0.0)
    enough = texts >= FEWEST_TEXTS
    ways = (0, BEST_TEXTS, texts) if enough else (0,)
    best = min(ways, key=lambda way: _thin_place(_corrected_by_others(bank, way))[1])
    offsets = _offsets(bank, best)
    corrected = bank - offsets
    gap, thinness = _thin_place(corrected)
    levels = _top(corrected, BEST, 1)
    level = float(np.median(levels))
    # 1.4826: the median deviation of a normal distribution, scaled to its standard deviation.
    spread = 1.4826 * float(np.median(np.abs(levels - level))) if enough else np.inf
    middle = float(np.median(_top(bank - levels[:, None], best, 0))) if best else 0.0
    return Background(gap, level, spread, thinness, best, levels, middle)


def relevance(
    query: Floats, words: Floats, background: Background, hits: int, strictness: float = 0.0
) -> Relevance:
    """Which of the first `hits` pictures stand out for a query.

    query: cosines of the whole query, shape (pictures,): first those of the hits, best first, then
    those of other pictures of the collection; a sample of them will do. words: cosines of the
    query's own words asked singly, shape (words, pictures), without words that mean nothing alone
    ("the"); shape (0, pictures) for a picture. `Background.offsets` are taken off both beforehand.
    strictness: from -1 (loose) over 0 to 1 (strict), by how many gaps the line is moved up.

    A picture that matches only some of the words falls behind in the weakest of them: so the words
    tell half a match from a whole one even where nothing matches wholly.
    """
    if not background.is_clear or len(query) < FEWEST_PICTURES:
        return without_line(query, hits)
    whole = weakest = _height(query, background)
    if len(words) > 1:
        weakest = np.min([_height(word, background) for word in words], axis=0)
    height = np.minimum((whole + weakest) / 2, np.minimum(whole, weakest) + SLACK)
    # Heights below the line are told by the middle of the collection, those above by the level.
    middle = min(float(np.median(height)), -1.0)

    def bar(heights: Floats) -> Floats:
        scaled: Floats = np.where(heights > 0, 1 + heights, 1 - heights / middle) / 2
        return scaled.clip(0, 1)

    line = float(bar(np.array(strictness)))
    return Relevance(bar(height[:hits]), height[:hits] > strictness, line)


def without_line(query: Floats, hits: int) -> Relevance:
    """How far the first `hits` pictures stand out where a line would mean nothing.

    query: as in `relevance`.
    """
    return Relevance(_between(query, query[:hits]), np.zeros(len(query[:hits]), bool), None)


def together(wanted: Sequence[Relevance], unwanted: Sequence[Relevance]) -> Relevance:
    """What stands out for every text that is wanted, and for none that is unwanted.

    All of the same hits in the same order; at least one is wanted, and all have a line or none.
    unwanted: judged at the opposite strictness, so that a strict line keeps further away from it.
    """
    prominence = np.min([one.prominence for one in wanted], axis=0)
    stands_out = np.all([one.stands_out for one in wanted], axis=0)
    lines = [one.line for one in wanted if one.line is not None]
    if not lines:
        return Relevance(prominence, np.zeros(len(prominence), bool), None)
    for one in unwanted:
        prominence = np.minimum(prominence, 1 - one.prominence)
        stands_out &= ~one.stands_out
    # Each text has a line at a height of its own; what is above all of them is shown above one.
    line = max(lines)
    prominence = np.where(stands_out, np.maximum(prominence, line), np.minimum(prominence, line))
    return Relevance(prominence, stands_out, line)


def _height(row: Floats, background: Background) -> Floats:
    """How far each picture lies above the row's line, in gaps: 0 is the line, 1 the level."""
    level = max(float(_top(row, BEST, 0)), background.level - FAR_BELOW * background.spread)
    below = (level - row) / background.gap
    # The row's own thin place near the one that the bank expects; further off costs the square.
    places = np.linspace(0.5, 1.5, 21)
    near = below[below < 2]
    density = np.exp(-0.5 * ((places[:, None] - near) / NARROW) ** 2).sum(axis=1)
    cost = np.log(density + 0.5) + (2 * (places - 1)) ** 2
    height: Floats = places[cost.argmin()] - below
    return height


def _between(query: Floats, shown: Floats) -> Floats:
    """Where cosines lie between the middle of the collection (0) and its best few (1)."""
    if not len(query):
        return np.zeros(0)
    middle = float(np.median(query))
    reach = float(_top(query, BEST, 0)) - middle
    if not reach > 0:
        return np.zeros(len(shown))
    place: Floats = ((shown - middle) / reach).clip(0, 1)
    return place


def _top(values: Floats, count: int, axis: int) -> Floats:
    """The mean of the `count` highest along an axis."""
    size = values.shape[axis]
    count = min(count, size)
    highest = np.partition(values, size - count, axis=axis)
    mean: Floats = highest.take(np.arange(size - count, size), axis=axis).mean(axis=axis)
    return mean


def _offsets(bank: Floats, best: int) -> Floats:
    """Each picture's own offset, shape (pictures,): its best texts against those texts' levels.

    Levels depend on offsets and offsets on levels, so they are found in turn.
    """
    offsets: Floats = np.zeros(bank.shape[1])
    if best:
        for _ in range(ROUNDS):
            levels = _top(bank - offsets, BEST, 1)
            offsets = _top(bank - levels[:, None], best, 0)
            offsets = offsets - np.median(offsets)
    return offsets


def _corrected_by_others(bank: Floats, best: int) -> Floats:
    """The bank without the pictures' offsets, each text by offsets that it had no part in."""
    if not best:
        return bank
    corrected = np.array(bank)
    for fold in range(FOLDS):
        held = np.arange(len(bank)) % FOLDS == fold
        others = bank[~held]
        corrected[held] -= _offsets(others, min(best, len(others)))
    return corrected


def _thin_place(bank: Floats) -> tuple[float, float]:
    """(how far below their level rows are thin, density there as a share of that around it)."""
    levels = _top(bank, BEST, 1)
    below = levels[:, None] - bank
    unit = float(np.median(np.median(below, axis=1)))
    if not unit > 0:
        return 0.0, 1.0
    below = below / unit
    rows = below
    for _ in range(2):
        place, _ = _thinnest(rows)
        rows = below[_clearest(below / place)]
    place, share = _thinnest(rows)
    return place * unit, share


def _thinnest(below: Floats) -> tuple[float, float]:
    """The place where the density of all rows together is lowest between two humps, and its share.

    below: distances from the level, in units of the distance between the level and the middle.
    Smoothed over several widths at once, so that neither a chance hole nor a blur decides.
    """
    counts, edges = np.histogram(
        below, bins=round((DEEPEST - HIGHEST) / BIN), range=(HIGHEST, DEEPEST)
    )
    shares = np.zeros(len(counts))
    for width in WIDTHS:
        reach = np.arange(-int(4 * width / BIN), int(4 * width / BIN) + 1) * BIN
        kernel = np.exp(-0.5 * (reach / width) ** 2)
        density = np.convolve(counts, kernel / kernel.sum(), "same") + 0.5
        left = np.maximum.accumulate(density)
        right = np.maximum.accumulate(density[::-1])[::-1]
        shares += np.log(density / np.minimum(left, right)) / len(WIDTHS)
    places = (edges[1:] + edges[:-1]) / 2
    # A place above the level would be no line.
    shares[places <= 0] = 0
    at = int(shares.argmin())
    return max(float(places[at]), BIN), float(np.exp(shares[at]))


def _clearest(below: Floats) -> npt.NDArray[np.intp]:
    """The rows that are thinnest at the line; below: distances from the level, in gaps.

    Counted are the pictures between the level and the line, within a quarter of a gap of the line,
    and beneath it.
    """
    above = (below < 0.75).sum(axis=1) + 0.5
    at = ((below >= 0.75) & (below < 1.25)).sum(axis=1) + 0.5
    beneath = ((below >= 1.25) & (below < 2.5)).sum(axis=1) + 0.5
    kept = max(FEWEST_TEXTS // 2, int(len(below) * LISTENED_TO))
    return np.argsort(at / np.minimum(above, beneath), kind="stable")[:kept]
