"""core.explore: similarity, projection, near-duplicates, clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explore.clusters import find_clusters, how_many, modularity
from core.explore.projection import project
from core.explore.similarity import similarity_matrix

Rows = npt.NDArray[np.float32]


def unit(rows: npt.NDArray[np.floating]) -> Rows:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def random_rows(n: int, dimensions: int = 32, seed: int = 0) -> Rows:
    return unit(np.random.default_rng(seed).standard_normal((n, dimensions)))


def bunches(sizes: list[int], dimensions: int = 32, spread: float = 0.05, seed: int = 0) -> Rows:
    """Rows around as many random centres as there are sizes, bunch after bunch."""
    random = np.random.default_rng(seed)
    centres = unit(random.standard_normal((len(sizes), dimensions)))
    rows = np.repeat(centres, sizes, axis=0)
    return unit(rows + spread * random.standard_normal(rows.shape))


# --- similarity


def test_a_similarity_matrix_is_exactly_symmetric_with_ones_on_the_diagonal() -> None:
    found = similarity_matrix(random_rows(50))
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.ones(50))


def test_similarity_is_the_cosine_whatever_the_length_of_the_vectors() -> None:
    rows = np.array([[3.0, 4.0], [4.0, 3.0], [-30.0, -40.0]], dtype=np.float32)
    assert np.allclose(similarity_matrix(rows)[0], [1.0, 0.96, -1.0], atol=1e-12)


def test_similarity_never_leaves_minus_one_to_one() -> None:
    rows = np.repeat(random_rows(1, 1024), 5, axis=0) * np.array([[1], [1], [7], [-1], [-3]])
    assert np.abs(similarity_matrix(rows.astype(np.float32))).max() <= 1.0


def test_nothing_compared_is_an_empty_matrix() -> None:
    assert similarity_matrix(np.empty((0, 8), np.float32)).shape == (0, 0)


def test_one_vector_is_like_itself() -> None:
    assert similarity_matrix(random_rows(1)).tolist() == [[1.0]]


# --- projection


def exact(rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Axes and shares of the variance by the textbook."""
    wide = rows.astype(np.float64)
    _, values, axes = np.linalg.svd(wide - wide.mean(axis=0), full_matrices=False)
    return axes[:2], (values**2 / (values**2).sum())[:2]


@pytest.mark.parametrize(
    "rows",
    [
        random_rows(3),
        random_rows(20),
        random_rows(200, 8),
        random_rows(9, 200),
        bunches([100] * 7, 128),
        unit(random_rows(400, 300) + np.eye(300)[26] * 5),
        unit(random_rows(300, 2) + 0.1),
    ],
    ids=["three", "few", "narrow", "wide", "bunches", "one strong component", "two dimensions"],
)
def test_a_projection_is_the_principal_component_analysis(rows: Rows) -> None:
    found = project(rows)
    axes, shares = exact(rows)
    assert np.abs(np.einsum("ij,ij->i", found.axes, axes)).min() > 1 - 1e-4
    assert np.allclose(found.explained, shares, atol=1e-5)


def test_a_projection_is_the_same_every_time() -> None:
    rows = bunches([40, 30, 20])
    assert np.array_equal(project(rows).points, project(rows.copy()).points)


def test_the_order_of_the_pictures_does_not_turn_the_map() -> None:
    rows = bunches([40, 30, 20])
    shuffled = np.random.default_rng(1).permutation(len(rows))
    assert np.allclose(project(rows).points[shuffled], project(rows[shuffled]).points, atol=1e-3)


def test_each_axis_points_to_where_its_largest_component_is_positive() -> None:
    axes = project(bunches([40, 30, 20])).axes
    assert (axes[np.arange(2), np.abs(axes).argmax(axis=1)] > 0).all()


def test_a_vector_is_placed_where_it_was_projected() -> None:
    rows = random_rows(30)
    found = project(rows)
    assert np.allclose(found.place(rows[3:5]), found.points[3:5], atol=1e-5)
    assert found.place(rows[0]).shape == (1, 2)


def test_axes_are_orthonormal() -> None:
    axes = project(random_rows(100)).axes
    assert np.allclose(axes @ axes.T, np.eye(2), atol=1e-6)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_points_lie_in_the_origin(n: int) -> None:
    found = project(random_rows(n))
    assert found.points.shape == (n, 2)
    assert not found.points.any()
    assert found.explained == (0.0, 0.0)


def test_two_points_lie_on_the_first_axis() -> None:
    rows = random_rows(2)
    found = project(rows)
    assert found.explained == pytest.approx((1.0, 0.0))
    assert np.allclose(found.points[:, 1], 0)
    apart = float(np.linalg.norm(rows[0] - rows[1]))
    assert abs(found.points[0, 0] - found.points[1, 0]) == pytest.approx(apart, rel=1e-4)


def test_equal_points_lie_in_the_origin() -> None:
    found = project(np.repeat(random_rows(1, 1024), 500, axis=0))
    assert np.abs(found.points).max() < 1e-3
    assert found.explained == (0.0, 0.0)


def test_one_dimension_has_one_axis() -> None:
    found = project(np.array([[1.0], [-1.0], [1.0]], dtype=np.float32))
    assert found.explained == pytest.approx((1.0, 0.0))


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 99), st.integers(1, 3))
def test_any_few_points_are_placed_at_finite_places(
    n: int, dimensions: int, seed: int, copies: int
) -> None:
    rows = np.repeat(random_rows(n, dimensions, seed), copies, axis=0)
    found = project(rows)
    assert np.isfinite(found.points).all()
    assert found.points.shape == (n * copies, 2)
    assert 0 <= sum(found.explained) <= 1 + 1e-5
    assert found.explained[0] >= found.explained[1] - 1e-6


# --- clusters


def test_bunches_are_found_largest_first() -> None:
    sizes = [10, 60, 30]
    labels = find_clusters(bunches(sizes), 3)
    assert [set(part.tolist()) for part in np.split(labels, [10, 70])] == [{2}, {0}, {1}]


def test_clusters_are_the_same_every_time() -> None:
    rows = random_rows(300)
    assert np.array_equal(find_clusters(rows, 8), find_clusters(rows.copy(), 8))


def test_more_clusters_than_pictures_are_as_many_as_pictures() -> None:
    assert sorted(find_clusters(random_rows(3), 10).tolist()) == [0, 1, 2]


def test_equal_pictures_are_one_cluster() -> None:
    assert set(find_clusters(np.repeat(random_rows(1), 20, axis=0), 4).tolist()) == {0}


@pytest.mark.parametrize("k", [0, -1])
def test_no_clusters_wanted_is_all_in_one(k: int) -> None:
    assert find_clusters(random_rows(3), k).tolist() == [0, 0, 0]


def test_an_empty_collection_has_no_clusters() -> None:
    assert find_clusters(random_rows(0), 4).tolist() == []


def test_the_number_of_clusters_is_found() -> None:
    assert how_many(bunches([30] * 6)) == 6
    assert find_clusters(bunches([30] * 6)).max() == 5


@pytest.mark.parametrize(("n", "clusters"), [(0, 0), (1, 1), (2, 1), (3, 1), (9, 1), (12, 2)])
def test_few_pictures_are_few_clusters(n: int, clusters: int) -> None:
    assert how_many(random_rows(n)) == clusters
    assert len(set(find_clusters(random_rows(n)).tolist())) == clusters


def test_identical_pictures_are_put_into_clusters() -> None:
    labels = find_clusters(np.repeat(random_rows(1), 40, axis=0))
    assert labels.shape == (40,)


def test_modularity_is_high_where_neighbours_share_a_cluster() -> None:
    neighbours = np.array([[1], [0], [3], [2]])
    assert modularity(np.array([0, 0, 1, 1]), neighbours) == 0.5
    assert modularity(np.array([0, 1, 0, 1]), neighbours) == -0.5
    assert modularity(np.zeros(4, dtype=np.intp), neighbours) == 0.0
