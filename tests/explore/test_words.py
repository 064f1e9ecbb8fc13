"""core.explore: words near a picture, what they say of it, and names for clusters."""

from __future__ import annotations

import numpy as np
import pytest

from core.explore.names import name_clusters
from core.explore.words import best_of, heights, known_words, nearest_words, profiles
from core.vectors import Vectors, are_unit, unit
from tests.explore.test_explore import bunches, random_rows


def pictures(count: int) -> Vectors:
    """All near the first axis; every other one also near the second."""
    rows = np.zeros((count, 4), np.float32)
    rows[:, 0] = 1
    rows[::2, 1] = 0.5
    return unit(rows)


WORDS = ("everywhere", "here", "nowhere")
AXES = np.eye(4, dtype=np.float32)[:3]


def test_a_word_that_is_near_every_picture_is_not_the_nearest_to_one() -> None:
    known = known_words(WORDS, AXES, pictures(40))
    picture = pictures(1)[0]
    assert float(AXES[0] @ picture) > float(AXES[1] @ picture)
    assert [near.word for near in nearest_words(known, picture, 1)] == ["here"]


def test_with_few_pictures_the_cosine_alone_tells_which_words_are_near() -> None:
    known = known_words(WORDS, AXES, pictures(2))
    near = nearest_words(known, pictures(1)[0], 2)
    assert [one.word for one in near] == ["everywhere", "here"]


def test_identical_pictures_give_words_and_no_warning() -> None:
    same = np.repeat(pictures(1), 40, axis=0)
    assert len(nearest_words(known_words(WORDS, AXES, same), same[0], 3)) == 3


def test_a_near_word_comes_with_its_cosine() -> None:
    picture = pictures(1)[0]
    near = nearest_words(known_words(WORDS, AXES, pictures(40)), picture, 1)[0]
    assert near.cosine == pytest.approx(float(AXES[1] @ picture))


def test_a_height_counts_in_standard_deviations_above_the_mean() -> None:
    shown = random_rows(400, 4)
    found = heights(known_words(WORDS, AXES, shown), shown)
    assert np.allclose(found.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(found.std(axis=0), 1, atol=0.02)


@pytest.mark.parametrize("n", [0, 1, 3, 40])
def test_profiles_are_unit_rows_for_any_number_of_pictures(n: int) -> None:
    shown = pictures(n)
    found = profiles(known_words(WORDS, AXES, shown), shown)
    assert found.shape == (n, 4)
    assert are_unit(found)


def test_pictures_of_which_the_same_is_said_have_like_profiles() -> None:
    shown = pictures(40)
    found = profiles(known_words(WORDS, AXES, shown), shown)
    assert found[0] @ found[2] > 0.99


def test_the_best_of_some_words_is_the_one_that_a_picture_lies_highest_for() -> None:
    shown = np.vstack([pictures(40), AXES[2:]])
    known = known_words(WORDS, AXES, shown)
    assert best_of(known, AXES[2:], [0, 2]).tolist() == [1]


# --- names


def named(words: int, labels: np.ndarray, shown: Vectors) -> list[tuple[str, ...]]:
    """The words stand for the first dimensions, one each."""
    vectors = np.eye(shown.shape[1], dtype=np.float32)[:words]
    known = known_words([f"word {number}" for number in range(words)], vectors, shown)
    return name_clusters(known, shown, labels)


def test_a_cluster_is_named_by_what_sets_it_apart() -> None:
    # All lie near word 0 the most; the two halves also near word 1 or word 2.
    labels = np.repeat([0, 1], 30)
    shown = np.zeros((60, 8), np.float32)
    shown[:, 0] = 1
    shown[np.arange(60), 1 + labels] = 0.4
    shown += np.random.default_rng(0).normal(0, 0.02, shown.shape).astype(np.float32)
    names = named(8, labels, unit(shown))
    assert [name[0] for name in names] == ["word 1", "word 2"]


def test_no_two_clusters_have_the_same_name() -> None:
    shown = random_rows(120, 16)
    names = named(16, np.arange(120) % 12, shown)
    assert all(names)
    assert len({frozenset(name) for name in names}) == 12


def test_a_name_has_one_to_three_words() -> None:
    names = named(16, np.repeat(np.arange(4), 30), bunches([30] * 4, dimensions=16))
    assert all(1 <= len(name) <= 3 for name in names)


def test_where_the_words_run_out_a_cluster_has_no_name() -> None:
    names = named(1, np.repeat([0, 1], 30), random_rows(60))
    assert sorted(names) == [(), ("word 0",)]


def test_without_words_no_cluster_has_a_name() -> None:
    assert named(0, np.repeat([0, 1], 30), random_rows(60)) == [(), ()]


def test_no_clusters_have_no_names() -> None:
    assert named(4, np.zeros(0, dtype=np.intp), random_rows(0)) == []


def test_words_are_text_whatever_they_hold() -> None:
    shown = bunches([30, 30], dimensions=4)
    words = ("<b>bold</b>", "[a](b)", "слово", "")
    known = known_words(words, np.eye(4, dtype=np.float32), shown)
    names = name_clusters(known, shown, np.repeat([0, 1], 30))
    assert {word for name in names for word in name} <= set(words)
