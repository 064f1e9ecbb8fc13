"""core.explore.regions: where the pictures of a cluster lie on a map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from core.explore.regions import map_regions

Points = npt.NDArray[np.float64]


def around(x: float, y: float, count: int, seed: int = 0) -> Points:
    return np.random.default_rng(seed).normal((x, y), 0.5, (count, 2))


def contains(outline: Points, point: Points) -> bool:
    """Whether a ray from the point crosses the outline an odd number of times."""
    ahead = np.roll(outline, -1, axis=0)
    crosses = (outline[:, 1] > point[1]) != (ahead[:, 1] > point[1])
    (x, y), (dx, dy) = outline[crosses].T, (ahead - outline)[crosses].T
    return bool((point[0] < x + (point[1] - y) / dy * dx).sum() % 2)


def test_each_cluster_lies_within_its_own_outline_and_no_other() -> None:
    points = np.vstack([around(0, 0, 60), around(8, 0, 50), around(0, 8, 40)])
    labels = np.repeat([0, 1, 2], [60, 50, 40])
    regions = map_regions(points, labels)
    assert [region.cluster for region in regions] == [0, 1, 2]
    for region in regions:
        (outline,) = region.outlines
        inside = np.array([contains(outline, point) for point in points])
        assert inside[labels == region.cluster].mean() > 0.9
        assert not inside[labels != region.cluster].any()


def test_a_cluster_in_two_places_has_two_outlines_and_the_fuller_is_first() -> None:
    points = np.vstack([around(0, 0, 20), around(9, 9, 70), around(0, 9, 60)])
    regions = map_regions(points, np.repeat([0, 0, 1], [20, 70, 60]))
    first, second = regions[0].outlines
    assert np.linalg.norm(first.mean(axis=0) - [9, 9]) < 1
    assert np.linalg.norm(second.mean(axis=0)) < 1


def test_a_few_strays_of_a_cluster_tint_nothing() -> None:
    points = np.vstack([around(0, 0, 100), around(9, 9, 100), [[0.0, 9.0]]])
    regions = map_regions(points, np.repeat([0, 1, 0], [100, 100, 1]))
    assert [len(region.outlines) for region in regions] == [1, 1]


def test_pictures_that_belong_to_no_cluster_are_left_out() -> None:
    points = np.vstack([around(0, 0, 50), around(9, 9, 50)])
    (region,) = map_regions(points, np.repeat([0, -1], [50, 50]))
    assert all((outline < 5).all() for outline in region.outlines)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("same", [True, False])
def test_a_map_of_any_number_of_pictures_has_regions_of_finite_outline(
    count: int, same: bool
) -> None:
    points = np.zeros((count, 2)) if same else around(0, 0, count)
    regions = map_regions(points, np.zeros(count, dtype=np.intp))
    assert len(regions) == min(count, 1)
    assert all(np.isfinite(outline).all() for one in regions for outline in one.outlines)


def test_thousands_of_pictures_in_one_place_have_an_outline_too() -> None:
    points = np.vstack([around(0, 0, 5000), around(30, 30, 5)])
    regions = map_regions(points, np.repeat([0, 1], [5000, 5]))
    assert len(regions[0].outlines) == 1
