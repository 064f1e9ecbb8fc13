"""What was used of a paid service, and about what it costs: plain data and sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from core.index import CallCount

# As far back as the calls are shown day by day.
DAYS_SHOWN = 30


@dataclass(frozen=True)
class Usage:
    """The calls of one embedder.

    days: by day (in UTC) and kind, those of DAYS_SHOWN days and of this month. shown: the first
    day of them and the day after the last. The numbers are those of this month: calls that were
    answered, and so are charged; those that were not needed because the answer was kept; those
    that the service refused; those that a cap held back.
    """

    days: tuple[CallCount, ...]
    shown: tuple[str, str]
    answered: int
    cached: int
    refused: int
    capped: int


def span(today: str) -> tuple[str, str]:
    """The first and the last day that `sum_up` wants to know of."""
    first_shown = date.fromisoformat(today) - timedelta(days=DAYS_SHOWN - 1)
    # A clock that was wrong may have counted days of this month that are still to come.
    return min(first_shown.isoformat(), f"{today[:7]}-01"), f"{today[:7]}-31"


def sum_up(counts: Iterable[CallCount], today: str) -> Usage:
    """The usage that these counts tell of."""
    days = tuple(counts)
    month = [count for count in days if count.day[:7] == today[:7]]
    last = max([today, *(count.day for count in days)])
    return Usage(
        days,
        shown=(span(today)[0], (date.fromisoformat(last) + timedelta(days=1)).isoformat()),
        answered=sum(count.answered for count in month),
        cached=sum(count.cached for count in month),
        refused=sum(count.refused for count in month),
        capped=sum(count.capped for count in month),
    )


def cost_in_words(calls: int, price_per_1000: float | None) -> str:
    """ "about 0.03 $"; "" where no price is known or nothing is called."""
    if price_per_1000 is None or not calls:
        return ""
    cost = calls * price_per_1000 / 1000
    return f"about {cost:,.2f} $" if cost >= 0.005 else "less than 0.01 $"
