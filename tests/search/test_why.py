"""Why a picture has its place: per cents and the main reason."""

from __future__ import annotations

import pytest

from core.model import EVERYTHING, Hit
from core.search import Ranking, found, main_reason, nearer_than


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
