"""core.explore: axes between two meanings, odd and typical pictures, the modality gap."""

from __future__ import annotations

import numpy as np
import pytest

from core.explore.axes import along_axis
from core.explore.gap import modalities
from core.explore.neighbours import nearest_neighbours
from core.explore.odd import NTH, most_alone, most_typical
from core.vectors import unit
from tests.explore.test_explore import bunches, random_rows


def test_a_place_on_an_axis_is_the_difference_of_two_cosines() -> None:
    rows, ends = random_rows(20), random_rows(2, seed=1)
    found = along_axis(rows, ends[0], ends[1])
    assert np.allclose(found, rows @ ends[1] - rows @ ends[0], atol=1e-6)


def test_the_ends_of_an_axis_lie_at_its_ends() -> None:
    rows = random_rows(20)
    found = along_axis(rows, rows[3], rows[7])
    assert (int(found.argmin()), int(found.argmax())) == (3, 7)


def test_an_axis_between_the_same_meaning_twice_puts_all_at_zero() -> None:
    rows = random_rows(5)
    assert not along_axis(rows, rows[0], rows[0]).any()


def test_no_pictures_have_no_places_on_an_axis() -> None:
    assert along_axis(random_rows(0), *random_rows(2)).shape == (0,)


# --- odd and typical


def test_a_picture_without_near_neighbours_is_the_most_alone() -> None:
    rows = np.vstack([bunches([30, 30]), random_rows(1, seed=9)])
    assert most_alone(rows, 1)[0].tolist() == [60]


def test_two_odd_pictures_that_are_copies_do_not_hide_each_other() -> None:
    odd = random_rows(1, seed=9)
    rows = np.vstack([bunches([30, 30]), odd, odd])
    assert set(most_alone(rows, 2)[0].tolist()) == {60, 61}


def test_the_most_typical_picture_is_nearest_to_all() -> None:
    rows = bunches([40, 5], spread=0.1)
    cosines = (rows.astype(np.float64) @ rows.T).mean(axis=1)
    assert most_typical(rows, 3).tolist() == np.argsort(-cosines)[:3].tolist()


@pytest.mark.parametrize(
    "rows",
    [random_rows(300), bunches([100, 80, 60, 3, 1]), np.repeat(random_rows(40), 7, axis=0)],
    ids=["no two alike", "bunches", "copies"],
)
def test_the_most_alone_are_those_that_all_comparisons_give(
    rows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.explore.odd.HELD_AGAINST", 20)
    monkeypatch.setattr("core.explore.odd.ROWS_AT_ONCE", 50)
    every = nearest_neighbours(rows, NTH).cosines[:, -1]
    shares: list[float] = []
    found, near = most_alone(rows, 12, shares.append)
    assert np.allclose(np.sort(every)[:12], every[found], atol=1e-6)
    assert np.allclose(near.cosines[:, -1], every[found], atol=1e-6)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_pictures_are_odd_and_typical_too(n: int) -> None:
    rows = random_rows(n)
    assert len(most_alone(rows, 5)[0]) == n
    assert len(most_typical(rows, 5)) == n


# --- the modality gap


def apart(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and texts about the same, each kind pushed its own way."""
    push = np.zeros(32, np.float32)
    push[0] = 1.0
    return unit(random_rows(n, seed=1) + push), unit(random_rows(m, seed=2) - push)


def test_texts_and_pictures_lie_apart_on_one_plane() -> None:
    found = modalities(*apart(200, 30))
    distance = np.linalg.norm(found.pictures.mean(axis=0) - found.texts.mean(axis=0))
    assert distance == pytest.approx(found.gap, rel=0.02)
    assert distance > 3 * found.pictures.std(axis=0).max()


def test_centring_each_kind_closes_the_gap() -> None:
    found = modalities(*apart(200, 30), closed=True)
    assert found.gap > 1
    assert np.allclose(found.pictures.mean(axis=0), found.texts.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (3, 0), (1, 1), (2, 9)])
def test_any_number_of_each_kind_can_be_shown(n: int, m: int, closed: bool) -> None:
    found = modalities(random_rows(n), random_rows(m), closed=closed)
    assert found.pictures.shape == (n, 2)
    assert found.texts.shape == (m, 2)
    assert np.isfinite(found.pictures).all() and np.isfinite(found.texts).all()
