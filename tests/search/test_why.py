"""Why a picture has its place: per cents, the main reason, the words near it."""

from __future__ import annotations

import numpy as np
import pytest

from core.model import EVERYTHING, Hit
from core.search import Ranking, found, known_words, main_reason, nearer_than, nearest_words
from core.vectors import Vectors, unit


@pytest.mark.parametrize(
    ("rank", "count", "per_cent"), [(1, 264, 99), (8, 264, 96), (264, 264, 0), (1, 1, 0)]
)
def test_the_share_of_pictures_that_a_rank_is_nearer_than_is_rounded_down(
    rank: int, count: int, per_cent: int
) -> None:
    assert nearer_than(rank, count) == per_cent


def ranking(hits: tuple[Hit, ...], cut: bool = False) -> Ranking:
    return Ranking(hits, exact=True, cut=cut, scope=EVERYTHING, index=None)  # type: ignore[arg-type]


def test_pictures_that_are_shown_with_another_were_compared_too() -> None:
    twin = Hit("b", 0.4, 2)
    assert found(ranking((Hit("a", 0.5, 1, alike=(twin,)), Hit("c", 0.3, 3)))) == 3


def test_a_ranking_that_was_cut_does_not_tell_how_many_were_compared() -> None:
    assert found(ranking((Hit("a", 0.5, 1),), cut=True)) is None


def test_the_main_reason_is_the_part_with_the_largest_lead() -> None:
    part, lead = main_reason((0.20, 0.10, -0.02), (0.15, 0.12, -0.01))
    assert (part, round(lead, 4)) == (0, 0.05)


def test_the_main_reason_speaks_for_the_nearer_picture_whichever_comes_first() -> None:
    assert main_reason((0.1, 0.2), (0.3, 0.1)) == main_reason((0.3, 0.1), (0.1, 0.2))


def test_a_part_that_leads_away_can_be_the_main_reason() -> None:
    part, lead = main_reason((0.20, -0.01), (0.21, -0.09))
    assert (part, round(lead, 4)) == (1, 0.08)


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
    assert nearest_words(known, picture, 1) == ["here"]


def test_with_few_pictures_the_cosine_alone_tells_which_words_are_near() -> None:
    known = known_words(WORDS, AXES, pictures(2))
    assert nearest_words(known, pictures(1)[0], 2) == ["everywhere", "here"]


def test_identical_pictures_give_words_and_no_warning() -> None:
    same = np.repeat(pictures(1), 40, axis=0)
    assert len(nearest_words(known_words(WORDS, AXES, same), same[0], 3)) == 3
