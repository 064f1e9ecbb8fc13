"""core.hosting.usage: sums over the counts, and what they cost."""

from __future__ import annotations

import pytest

from core.hosting.usage import cost_in_words, span, sum_up
from core.index import CallCount


def test_the_numbers_are_those_of_the_month_and_the_days_reach_further_back() -> None:
    days = [
        CallCount("2026-10-31", "text", answered=100, cached=100),
        CallCount("2026-11-01", "image", answered=3, refused=2),
        CallCount("2026-11-02", "text", answered=4, cached=7, capped=1),
    ]
    usage = sum_up(days, "2026-11-02")
    assert (usage.answered, usage.cached, usage.refused, usage.capped) == (7, 7, 2, 1)
    assert usage.days == tuple(days)
    assert usage.shown == ("2026-10-04", "2026-11-03")


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [("2026-11-27", "2026-10-29", "2026-11-31"), ("2026-10-31", "2026-10-01", "2026-10-31")],
)
def test_the_whole_month_and_thirty_days_are_asked_for(today: str, first: str, last: str) -> None:
    assert span(today) == (min(first, f"{today[:7]}-01"), last)


@pytest.mark.parametrize(
    ("calls", "price", "words"),
    [
        (312, 0.1, "about 0.03 $"),
        (2, 0.1, "less than 0.01 $"),
        (2_000_000, 1.0, "about 2,000.00 $"),
        (312, None, ""),
        (0, 0.1, ""),
    ],
)
def test_a_cost_is_named_only_where_the_price_is_known(
    calls: int, price: float | None, words: str
) -> None:
    assert cost_in_words(calls, price) == words
