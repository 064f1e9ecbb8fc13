"""core.explore: the three metrics, and the arithmetic of one pair."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.explore import Metric, arithmetic, metric_matrix, similarity_matrix
from core.vectors import Vectors, unit

LENGTHS = [60.5, 1.0, 69.0, 3.25]


def rows(count: int = 4, dimensions: int = 32) -> Vectors:
    return unit(np.random.default_rng(5).standard_normal((count, dimensions)))


def raw() -> np.ndarray:
    return rows().astype(np.float64) * np.array(LENGTHS)[:, None]


def test_the_cosine_does_not_ask_for_lengths() -> None:
    found = metric_matrix(Metric.COSINE, rows(), [None] * 4)
    np.testing.assert_array_equal(found, similarity_matrix(rows()))


def test_the_inner_product_is_that_of_the_vectors_at_their_lengths() -> None:
    found = metric_matrix(Metric.INNER_PRODUCT, rows(), LENGTHS)
    np.testing.assert_allclose(found, raw() @ raw().T, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(np.diag(found), np.square(LENGTHS))


def test_the_distance_is_that_of_the_vectors_at_their_lengths() -> None:
    found = metric_matrix(Metric.EUCLIDEAN, rows(), LENGTHS)
    for one in range(4):
        for other in range(4):
            wanted = math.dist(raw()[one], raw()[other])
            assert found[one, other] == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    np.testing.assert_array_equal(found, found.T)


def test_equal_vectors_are_exactly_nothing_apart() -> None:
    twice = np.stack([rows()[0], rows()[0]])
    np.testing.assert_array_equal(metric_matrix(Metric.EUCLIDEAN, twice, [61.7, 61.7]), 0)


@pytest.mark.parametrize("metric", [Metric.INNER_PRODUCT, Metric.EUCLIDEAN])
def test_without_a_length_only_its_own_row_and_column_are_unknown(metric: Metric) -> None:
    found = metric_matrix(metric, rows(), [60.5, None, 69.0, 3.25])
    whole = metric_matrix(metric, rows(), LENGTHS)
    known = [0, 2, 3]
    np.testing.assert_array_equal(found[np.ix_(known, known)], whole[np.ix_(known, known)])
    assert np.isnan(found[1, known]).all() and np.isnan(found[known, 1]).all()


@pytest.mark.parametrize("metric", Metric)
def test_of_nothing_there_is_no_pair(metric: Metric) -> None:
    assert metric_matrix(metric, np.empty((0, 8), np.float32), []).shape == (0, 0)


def test_the_numbers_of_a_pair_belong_together() -> None:
    found = arithmetic(rows()[0], rows()[2], (60.5, 69.0))
    one, other = raw()[0], raw()[2]
    assert found.dot_product == pytest.approx(float(one @ other), rel=1e-6)
    assert found.lengths == (60.5, 69.0)
    assert found.cosine == pytest.approx(found.dot_product / (60.5 * 69.0), rel=1e-12)
    assert found.distance == pytest.approx(math.dist(one, other), rel=1e-6)


def test_the_numbers_of_a_pair_are_those_of_the_matrices() -> None:
    found = arithmetic(rows()[1], rows()[3], (LENGTHS[1], LENGTHS[3]))
    shown = {metric: metric_matrix(metric, rows(), LENGTHS)[1, 3] for metric in Metric}
    assert found.cosine == pytest.approx(shown[Metric.COSINE], abs=1e-12)
    assert found.dot_product == pytest.approx(shown[Metric.INNER_PRODUCT], abs=1e-9)
    assert found.distance == pytest.approx(shown[Metric.EUCLIDEAN], abs=1e-9)


def test_a_vector_and_itself_have_the_cosine_1_and_the_distance_0() -> None:
    found = arithmetic(rows()[0], rows()[0], (60.5, 60.5))
    assert found.cosine == pytest.approx(1, abs=1e-12) and found.cosine <= 1
    assert found.distance == 0


def test_the_dimensions_that_add_or_take_away_most_come_first() -> None:
    one = np.array([3, 1, -2, 0.1, 0], np.float32)
    other = np.array([2, 1, 2, 0.1, 9], np.float32)
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    found = arithmetic(one, other, lengths, count=3)
    assert [c.dimension for c in found.largest] == [0, 2, 1]
    assert [c.product for c in found.largest] == pytest.approx([6, -4, 1])
    assert [(c.one, c.other) for c in found.largest][1] == pytest.approx((-2, 2))


def test_all_dimensions_together_are_the_dot_product() -> None:
    found = arithmetic(rows()[0], rows()[1], (60.5, 1.0), count=32)
    assert len(found.largest) == 32
    assert sum(c.product for c in found.largest) == pytest.approx(found.dot_product, abs=1e-9)
