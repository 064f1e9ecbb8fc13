"""core.explore: the layout that keeps neighbours, its parts, and the spreading of overlaps."""

from __future__ import annotations

import numpy as np
import pytest

from core.explore.layout import layout, place
from core.explore.neighbours import nearest_neighbours
from core.explore.repulsion import repulsion
from core.explore.spread import picture_side, spread
from tests.explore.test_explore import bunches, random_rows

# --- neighbours


def test_the_nearest_neighbours_are_those_of_all_cosines_sorted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.explore.neighbours.BLOCK", 700)  # blocks of seven rows
    rows = random_rows(100)
    found = nearest_neighbours(rows, 5)
    cosines = (rows @ rows.T).astype(np.float64)
    np.fill_diagonal(cosines, -2)
    assert np.array_equal(found.rows, np.argsort(-cosines, axis=1)[:, :5])
    assert np.allclose(found.cosines, -np.sort(-cosines, axis=1)[:, :5], atol=1e-6)


def test_a_picture_is_never_its_own_neighbour_even_among_identical_ones() -> None:
    found = nearest_neighbours(np.repeat(random_rows(1), 8, axis=0), 3)
    assert (found.rows != np.arange(8)[:, None]).all()


@pytest.mark.parametrize(("n", "k"), [(0, 0), (1, 0), (2, 1), (3, 2), (9, 3)])
def test_where_there_are_fewer_neighbours_all_are_given(n: int, k: int) -> None:
    assert nearest_neighbours(random_rows(n), 3).rows.shape == (n, k)


# --- repulsion


def test_the_repulsion_on_a_grid_is_near_the_sum_over_all_pairs() -> None:
    points = np.random.default_rng(3).normal(0, 6, (500, 2)).astype(np.float32)
    pairs, *pushes = repulsion(points[:, 0], points[:, 1])
    apart = points[:, None] - points[None]
    near = 1 / (1 + (apart * apart).sum(axis=2))
    exact = (apart * (near * near)[:, :, None]).sum(axis=1)
    assert pairs == pytest.approx(near.sum() - 500, rel=0.01)
    error = np.stack(pushes, axis=1) - exact
    assert np.sqrt((error**2).mean()) < 0.1 * np.sqrt((exact**2).mean())


def test_far_points_make_the_grid_coarser_and_not_larger() -> None:
    x = np.array([0, 1e6, *range(400)], dtype=np.float32)
    pairs, push_x, push_y = repulsion(x, x)
    assert np.isfinite([pairs, *push_x, *push_y]).all()


# --- layout


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 11, 12, 13, 40])
def test_any_number_of_pictures_has_a_layout(n: int) -> None:
    points = layout(random_rows(n))
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()


@pytest.mark.parametrize("n", [2, 12, 60])
def test_identical_pictures_have_a_layout(n: int) -> None:
    points = layout(np.repeat(random_rows(1), n, axis=0))
    assert np.isfinite(points).all()


def test_vectors_without_a_second_direction_have_a_layout() -> None:
    angle = np.linspace(0, 1e-3, 50)
    rows = np.stack([np.ones(50), angle, np.zeros(50)], axis=1).astype(np.float32)
    assert np.isfinite(layout(rows)).all()


def test_a_layout_is_the_same_for_the_same_seed() -> None:
    rows = random_rows(80)
    assert np.array_equal(layout(rows, seed=4), layout(rows, seed=4))
    assert not np.array_equal(layout(rows, seed=4), layout(rows, seed=5))


def test_bunches_lie_apart_on_the_map() -> None:
    points = layout(bunches([40, 40, 40]))
    middles = points.reshape(3, 40, 2).mean(axis=1)
    radius = np.linalg.norm(points.reshape(3, 40, 2) - middles[:, None], axis=2).max()
    apart = [np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert min(apart) > 2 * radius


def test_a_bunch_that_no_neighbour_connects_stays_near_the_others() -> None:
    points = layout(bunches([100, 15], spread=0.02))
    assert np.abs(points).max() < 10 * np.median(np.abs(points))


def test_the_progress_of_a_layout_rises_to_one() -> None:
    said: list[float] = []
    layout(random_rows(50), progress=said.append)
    assert said == sorted(said)
    assert said[-1] == 1.0


def test_what_the_progress_raises_ends_a_layout() -> None:
    def stop(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        layout(random_rows(50), progress=stop)


# --- new pictures


def test_a_new_picture_is_placed_in_the_midst_of_its_bunch() -> None:
    rows = bunches([31, 31, 31])
    new = np.array([0, 31, 62])
    old = np.setdiff1d(np.arange(93), new)
    points = layout(rows[old])
    placed = place(rows[new], rows[old], points)
    middles = points.reshape(3, 30, 2).mean(axis=1)
    distances = np.linalg.norm(placed[:, None] - middles[None], axis=2)
    assert distances.argmin(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("new", "old"), [(0, 20), (3, 0), (3, 1), (3, 2), (0, 0)])
def test_pictures_are_placed_on_a_map_of_any_size(new: int, old: int) -> None:
    rows = random_rows(old)
    placed = place(random_rows(new, seed=1), rows, layout(rows))
    assert placed.shape == (new, 2)
    assert np.isfinite(placed).all()


# --- overlaps


def nearest_distance(points: np.ndarray) -> float:
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return float(apart.min())


def test_pictures_are_spread_until_they_hardly_overlap() -> None:
    points = np.random.default_rng(0).normal(size=(300, 2))
    side = picture_side(points)
    moved = spread(points, side)
    assert nearest_distance(moved) > 0.9 * side
    assert np.median(np.linalg.norm(moved - points, axis=1)) < side


def test_identical_points_are_spread_as_well() -> None:
    points = np.zeros((200, 2))
    side = picture_side(points)
    moved = spread(points, side)
    assert nearest_distance(moved) > 0.8 * side
    assert np.abs(moved).max() < 12 * side


def test_points_with_room_stay_where_they_are() -> None:
    points = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    assert np.array_equal(spread(points, 1.0), points)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_points_are_spread_like_many(n: int) -> None:
    points = np.zeros((n, 2))
    moved = spread(points, picture_side(points))
    assert moved.shape == (n, 2)
    assert np.isfinite(moved).all()


def test_points_on_a_line_have_pictures_of_some_size() -> None:
    points = np.stack([np.arange(50.0), np.zeros(50)], axis=1)
    assert 0.3 < picture_side(points) < 5
