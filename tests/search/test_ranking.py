"""A query of weighted parts -> ranked hits with exact shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.index.sqlite.matrix import Matrix
from core.search.query import Part, combine
from core.search.ranking import search
from core.vectors import Vector, unit
from tests.conftest import ColourEmbedder


def a_matrix(count: int, dimensions: int = 8, seed: int = 0) -> Matrix:
    rows = unit(np.random.default_rng(seed).standard_normal((count, dimensions)))
    return Matrix(tuple(f"{n:064x}" for n in range(count)), rows, 1)


def direction(seed: int, dimensions: int = 8) -> Vector:
    return unit(np.random.default_rng(1000 + seed).standard_normal(dimensions))


def test_the_nearest_comes_first_with_its_cosine() -> None:
    matrix = a_matrix(50)
    hits = search(matrix, [Part(matrix.vectors[7])], 5)
    assert hits[0].picture_id == matrix.ids[7]
    assert hits[0].cosine == pytest.approx(1.0, abs=1e-6)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert [hit.cosine for hit in hits] == sorted((hit.cosine for hit in hits), reverse=True)


def test_equal_cosines_are_ordered_by_picture_id() -> None:
    row = direction(1)
    matrix = Matrix(tuple("abcd"), np.stack([row] * 4), 1)
    assert [hit.picture_id for hit in search(matrix, [Part(row)], 3)] == ["a", "b", "c"]


def test_red_is_near_red_and_away_from_it_is_far() -> None:
    place = ColourEmbedder._place
    rows = np.stack([place((230, 20, 20)), place((20, 40, 230)), place((200, 30, 40))])
    matrix = Matrix(("red", "blue", "brick"), rows, 1)
    red = place((240, 10, 10))
    assert [h.picture_id for h in search(matrix, [Part(red)], 3)] == ["red", "brick", "blue"]
    assert search(matrix, [Part(red, -1.0)], 1)[0].picture_id == "blue"


def test_only_the_allowed_rows_are_found() -> None:
    matrix = a_matrix(20)
    allowed = np.zeros(20, dtype=bool)
    allowed[[3, 9]] = True
    hits = search(matrix, [Part(direction(1))], 10, allowed)
    assert {hit.picture_id for hit in hits} == {matrix.ids[3], matrix.ids[9]}
    assert [hit.rank for hit in hits] == [1, 2]


def test_an_empty_collection_has_no_hits() -> None:
    assert search(a_matrix(0), [Part(direction(1))], 5) == []
    assert search(a_matrix(3), [Part(direction(1))], 5, np.zeros(3, dtype=bool)) == []


def test_one_part_alone_is_the_query_whatever_its_weight() -> None:
    matrix, vector = a_matrix(20), direction(1)
    plain = search(matrix, [Part(vector)], 5)
    heavy = search(matrix, [Part(vector, 7.0)], 5)
    assert heavy == plain
    assert combine([Part(vector)]) is vector


@settings(deadline=None)
@given(weights=st.lists(st.floats(-2, 2).filter(lambda w: abs(w) > 0.01), min_size=1, max_size=5))
def test_shares_add_up_to_a_true_cosine(weights: list[float]) -> None:
    matrix = a_matrix(30)
    parts = [Part(direction(n), weight) for n, weight in enumerate(weights)]
    query = combine(parts)
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-6)
    for hit in search(matrix, parts, 30):
        true = float(np.dot(matrix.vectors[matrix.row_of[hit.picture_id]], query))
        assert hit.cosine == pytest.approx(true, abs=1e-6)
        assert sum(hit.shares) == pytest.approx(hit.cosine, abs=2e-6)
        assert len(hit.shares) == len(parts)


@pytest.mark.parametrize("weights", [[], [0.0], [1.0, -1.0], [0.0, 0.0]])
def test_parts_that_leave_no_direction_are_refused(weights: list[float]) -> None:
    vector = direction(1)
    with pytest.raises(ValueError, match="without"):
        search(a_matrix(3), [Part(vector, weight) for weight in weights], 5)
