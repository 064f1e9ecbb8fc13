"""What the engines share of counting paid calls: where each count stands, when a cap is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.index.port import Outcome, PaidCall, ReachedCap

# The column of the table `calls` that holds each outcome; "count" came first.
COLUMNS: Mapping[Outcome, str] = {
    "answered": "count",
    "cached": "cached",
    "refused": "refused",
    "capped": "capped",
}

# Some 60 bytes each. The oldest days go first, and never because of what the clock says: one that
# was wrong for a while must not give anybody a second allowance.
VISITORS_KEPT = 20_000
VISITORS_DROPPED_AT_ONCE = 1_000


def reached_cap(
    call: PaidCall,
    most: int | None,
    visitor_most: int | None,
    of_the_day: Callable[[], int],
    of_the_visitor: Callable[[], int],
) -> ReachedCap:
    """Which cap a call would exceed; see `core.index.port.Index.reserve_call`.

    of_the_day, of_the_visitor: how many calls there are so far, asked only where there is a cap.
    """
    if most is not None and of_the_day() >= most:
        return "day"
    if call.visitor and visitor_most is not None and of_the_visitor() >= visitor_most:
        return "visitor"
    return ""
