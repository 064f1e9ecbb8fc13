"""core.explore: what is alike stands side by side."""

from __future__ import annotations

import numpy as np
import pytest

from core.explore import by_likeness, similarity_matrix

seeds = pytest.mark.parametrize("seed", range(5))


@seeds
def test_what_belongs_together_stands_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((4, 64))
    of_cluster = rng.permutation([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3])
    vectors = centres[of_cluster] + 0.3 * rng.standard_normal((12, 64))
    order = by_likeness(similarity_matrix(vectors.astype(np.float32)))
    changes = np.count_nonzero(np.diff(of_cluster[order]))
    assert sorted(order) == list(range(12))
    assert changes == 3


@seeds
def test_what_lies_on_a_line_comes_out_in_its_order(seed: int) -> None:
    angles = np.random.default_rng(seed).uniform(0, 3, 12)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    steps = np.diff(angles[by_likeness(similarity_matrix(vectors.astype(np.float32)))])
    assert (steps > 0).all() or (steps < 0).all()


def test_what_is_all_alike_stays_as_it_was() -> None:
    assert by_likeness(np.ones((5, 5))) == [0, 1, 2, 3, 4]


def test_the_first_of_two_stays_the_first() -> None:
    assert by_likeness(np.array([[1.0, -0.5], [-0.5, 1.0]])) == [0, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_need_no_order(count: int) -> None:
    assert by_likeness(np.ones((count, count))) == list(range(count))
