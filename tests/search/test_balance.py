"""core.search.balance: equal weights mean equal influence."""

from __future__ import annotations

import numpy as np
import pytest

from core.search import Part, balanced, combine
from core.vectors import Vector, Vectors, unit

PICTURES = 2000
DIMENSIONS = 64
BEST = 100


def collection(seed: int = 0) -> Vectors:
    """Pictures that differ a lot along the first axis and a little along the second."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((PICTURES, DIMENSIONS)) * 0.05
    rows[:, 0] += random.standard_normal(PICTURES)
    rows[:, 1] += random.standard_normal(PICTURES) * 0.2
    rows[:, 2] += 3.0  # what all pictures have in common
    return unit(rows)


def axis(number: int) -> Vector:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[number] = 1.0
    return vector


def best(rows: Vectors, parts: list[Part]) -> set[int]:
    return set(np.argsort(-(rows @ combine(parts)))[:BEST].tolist())


def test_each_of_two_parts_agrees_about_equally_with_what_both_find() -> None:
    rows = collection()
    wide, narrow = Part(axis(0)), Part(axis(1))
    both = best(rows, balanced([wide, narrow], rows))
    agree = [len(both & best(rows, [part])) for part in (wide, narrow)]
    assert abs(agree[0] - agree[1]) <= 0.1 * BEST
    # Without the balance, the part that spreads wider decides nearly alone.
    plain = best(rows, [wide, narrow])
    assert len(plain & best(rows, [wide])) > 4 * len(plain & best(rows, [narrow]))


def test_a_part_whose_spread_is_another_finds_the_same_pictures() -> None:
    rows = collection()
    stretched = rows.copy()
    stretched[:, 1] *= 3
    stretched = unit(stretched)
    parts = [Part(axis(0)), Part(axis(1))]
    one = best(rows, balanced(parts, rows))
    other = best(stretched, balanced(parts, stretched))
    assert len(one & other) >= 0.9 * BEST


def test_a_sample_of_the_collection_gives_nearly_the_same_weights() -> None:
    rows = collection()
    parts = [Part(axis(0)), Part(axis(1), -0.5)]
    whole = [part.weight for part in balanced(parts, rows)]
    sample = [part.weight for part in balanced(parts, rows[::10])]
    assert sample == pytest.approx(whole, rel=0.15)


def test_weights_keep_their_signs_and_their_order() -> None:
    weights = [p.weight for p in balanced([Part(axis(0), 2.0), Part(axis(0), -1.0)], collection())]
    assert weights == pytest.approx([2.0, -1.0])


@pytest.mark.parametrize("count", [0, 1])
def test_a_collection_too_small_to_have_a_spread_changes_nothing(count: int) -> None:
    parts = [Part(axis(0)), Part(axis(1), 2.0)]
    assert balanced(parts, collection()[:count]) == parts


def test_identical_pictures_change_nothing() -> None:
    parts = [Part(axis(0)), Part(axis(1), 2.0)]
    assert balanced(parts, np.repeat(collection()[:1], 20, axis=0)) == parts


def test_one_part_alone_is_left_as_it_is() -> None:
    parts = [Part(axis(0), 3.0)]
    assert balanced(parts, collection()) == parts
