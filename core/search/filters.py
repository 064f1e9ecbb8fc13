"""Filters as an address says them: `period:Italian|French;year:1500..1600;title:portrait`."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.model import Column, ColumnType, Filter

# A person sets a few; each is one more condition of every search.
MOST_FILTERS = 12
MOST_CHOICES = 100

# What stands for something in the written form, and is written with a backslash in a text.
SPECIAL = "\\;:|"

RANGE = ".."
MISSING = "There is nothing called “{name}” to filter by here."


@dataclass(frozen=True)
class ReadFilters:
    """The filters that could be read, and a sentence for each that could not."""

    filters: tuple[Filter, ...]
    problems: tuple[str, ...]


def parse_filters(text: str, columns: Sequence[Column]) -> ReadFilters:
    """Read what `print_filters` wrote, or somebody by hand.

    columns: those that one may filter by. Of two filters on one column the last counts.

    >>> parse_filters("year:..1600", [Column("Year", ColumnType.NUMBER)]).filters
    (Filter(column='Year', low=None, high=1600.0, any_of=(), contains=''),)
    """
    by_name = {column.name.casefold(): column for column in columns}
    found: dict[str, Filter] = {}
    problems: list[str] = []
    for part in _split(text, ";"):
        if not part.strip():
            continue
        name, *said = _split(part, ":", most=1)
        name = _plain(name).strip()
        column = by_name.get(name.casefold())
        if column is None:
            problems.append(MISSING.format(name=name[:60]))
        elif len(found) >= MOST_FILTERS:
            problems.append(f"At most {MOST_FILTERS} filters are used at once.")
            break
        else:
            wanted = _filter(column, said[0].strip() if said else "")
            if wanted is None:
                problems.append(_what_is_expected(column))
            else:
                found[column.name] = wanted
    return ReadFilters(tuple(found.values()), tuple(dict.fromkeys(problems)))


def print_filters(filters: Sequence[Filter], columns: Sequence[Column]) -> str:
    """The form that an address carries; "" for no filter.

    >>> print_filters([Filter("Period", any_of=("Italian", "French"))], [])
    'Period:Italian|French'
    """
    types = {column.name: column.type for column in columns}
    return ";".join(
        f"{_escaped(wanted.column)}:{_written(wanted, types.get(wanted.column))}"
        for wanted in filters
    )


def number_as_text(number: float, kind: ColumnType | None) -> str:
    """A number of a column as a person reads it.

    >>> number_as_text(1600.0, ColumnType.NUMBER), number_as_text(739947, ColumnType.DATE)
    ('1600', '2026-11-27')
    """
    if kind is ColumnType.DATE:
        # What a day is no day of (a number of another type) reads as the nearest that is one.
        day = min(max(1, round(number)), datetime.date.max.toordinal())
        return datetime.date.fromordinal(day).isoformat()
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else repr(number)


def text_as_number(text: str, kind: ColumnType) -> float | None:
    """Read a bound; a year stands for its first day. None for what is neither number nor date."""
    text = text.strip()
    try:
        if kind is ColumnType.DATE:
            if re.fullmatch(r"\d{4}", text):
                text += "-01-01"
            return float(datetime.date.fromisoformat(text).toordinal())
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def in_words(wanted: Filter, kind: ColumnType) -> str:
    """What a filter asks for, without the name of its column.

    >>> in_words(Filter("Year", high=1600.0), ColumnType.NUMBER)
    'up to 1600'
    """
    if wanted.any_of:
        return " or ".join(wanted.any_of)
    if wanted.contains:
        return f"has “{wanted.contains}”"
    low, high = _bounds(wanted, kind)
    if low is not None and high is not None:
        return low if low == high else f"{low} to {high}"
    return f"from {low}" if low is not None else f"up to {high}"


def _filter(column: Column, said: str) -> Filter | None:
    if column.type in (ColumnType.NUMBER, ColumnType.DATE):
        return _range(column, said)
    if column.type is ColumnType.CATEGORY:
        choices = tuple(dict.fromkeys(_plain(part).strip() for part in _split(said, "|")))
        choices = tuple(choice for choice in choices if choice)[:MOST_CHOICES]
        return Filter(column.name, any_of=choices) if choices else None
    text = _plain(said).strip()
    return Filter(column.name, contains=text) if text else None


def _range(column: Column, said: str) -> Filter | None:
    low_text, dots, high_text = said.partition(RANGE)
    if not dots:
        high_text = low_text
    bounds = []
    for text in (low_text, high_text):
        bound = text_as_number(text, column.type) if text.strip() else None
        if bound is None and text.strip():
            return None
        bounds.append(bound)
    low, high = bounds
    if not dots and column.type is ColumnType.DATE and re.fullmatch(r"\d{4}", said.strip()):
        high = text_as_number(f"{said.strip()}-12-31", column.type)
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Filter(column.name, low=low, high=high)


def _what_is_expected(column: Column) -> str:
    example = {
        ColumnType.NUMBER: "1500..1600",
        ColumnType.DATE: "2026-01-01..2026-12-31",
    }.get(column.type, "a value")
    return f"The filter on “{column.name}” cannot be read; it is written like {example}."


def _written(wanted: Filter, kind: ColumnType | None) -> str:
    if wanted.any_of:
        return "|".join(map(_escaped, wanted.any_of))
    if wanted.contains:
        return _escaped(wanted.contains)
    low, high = _bounds(wanted, kind)
    return low if low and low == high else f"{low or ''}{RANGE}{high or ''}"


def _bounds(wanted: Filter, kind: ColumnType | None) -> tuple[str | None, str | None]:
    low, high = (
        None if bound is None else number_as_text(bound, kind)
        for bound in (wanted.low, wanted.high)
    )
    return low, high


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in text)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _split(text: str, at: str, most: int = 0) -> list[str]:
    """The parts between the letter `at` where no backslash is before it; at most `most` + 1."""
    parts: list[str] = []
    start = place = 0
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == at and (not most or len(parts) < most):
            parts.append(text[start:place])
            start = place + 1
        place += 1
    return [*parts, text[start:]]
