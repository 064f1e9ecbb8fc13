"""Texts that are dates, as the day that they are compared by."""

from __future__ import annotations

import re
from datetime import date
from functools import partial

_TIME = (
    r"(?:[T,]? ?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
    r"(?: ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
_DAY = r"([0-9]{1,2})(?:st|nd|rd|th|\.)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})([-/.:])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})([-/.]) ?([0-9]{{1,2}})\2 ?([0-9]{{4}}){_TIME}")
_DAY_AND_NAME = re.compile(rf"{_DAY}[ -]([A-Za-z]+)\.?,?[ -]([0-9]{{4}}){_TIME}")
_NAME_AND_DAY = re.compile(rf"([A-Za-z]+)\.? {_DAY},? ([0-9]{{4}}){_TIME}")
_MONTHS = (
    "january february march april may june july august september october november december"
).split()

# The longest in these forms has 48 characters ("27th September 2026, 10:00:00.000000 AM +00:00").
_LONGEST = 60


def _day(text: str, month_first: bool) -> float | None:
    if len(text) > _LONGEST:
        return None
    if found := _YEAR_FIRST.fullmatch(text):
        return _ordinal(found[1], found[3], found[4])
    if found := _YEAR_LAST.fullmatch(text):
        # Between points the day stands first wherever dates are written so.
        day, month = (found[1], found[3])[:: -1 if month_first and found[2] != "." else 1]
        return _ordinal(found[4], month, day)
    if found := _DAY_AND_NAME.fullmatch(text):
        return _ordinal(found[3], _month(found[2]), found[1])
    if found := _NAME_AND_DAY.fullmatch(text):
        return _ordinal(found[3], _month(found[1]), found[2])
    return None


def _month(name: str) -> int:
    """A month by its name or at least three letters of it; 0 for another word."""
    short = len(name) < 3
    found = (n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.lower()))
    return 0 if short else next(found, 0)


def _ordinal(year: str, month: str | int, day: str) -> float | None:
    try:
        return float(date(int(year), int(month), int(day)).toordinal())
    except ValueError:  # the 31st of February
        return None


# A year first, a month by its English name, a day first or, with MONTH_FIRST, a month first; a time
# behind it is left out. Years have four digits: of "01/02/03" nobody knows what it means.
DAY_FIRST = partial(_day, month_first=False)
MONTH_FIRST = partial(_day, month_first=True)


def iso(ordinal: float) -> str:
    """The day as it is shown: 2026-11-27."""
    return date.fromordinal(int(ordinal)).isoformat()
