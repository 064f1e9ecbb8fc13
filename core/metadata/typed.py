"""Columns of texts -> columns of values: what a column holds is told by its texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.metadata.dates import DAY_FIRST, MONTH_FIRST, iso
from core.metadata.numbers import WITH_COMMA, WITH_POINT, Reading
from core.metadata.text import Raw, cleaned, key_of, quoted, shortened, unique
from core.model import ColumnType, Value

# More are no columns that a person chooses among, and each is a value of each picture.
MOST_COLUMNS = 64
# As many characters as a label on a page has room for.
LONGEST_NAME = 60
LONGEST_EXAMPLE = 80
EXAMPLES = 3
# Real columns have some "n/a" and "unknown" among their numbers and dates.
ENOUGH = 0.95
# More are no list that a person chooses from.
MOST_CATEGORIES = 50

_NUMBER, _DATE = ColumnType.NUMBER, ColumnType.DATE
# The first is taken where a column's texts do not tell which.
_READINGS: dict[ColumnType, tuple[Reading, ...]] = {
    _NUMBER: (WITH_POINT, WITH_COMMA),
    _DATE: (DAY_FIRST, MONTH_FIRST),
}


@dataclass(frozen=True)
class FoundColumn:
    """A column and what its texts are.

    filled: the number of files that it says something of. examples: its three most frequent texts.
    note: "", or sentences on what could not be read, or not surely.
    """

    name: str
    type: ColumnType
    filled: int
    examples: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Typed:
    """values: path -> {name of a column: value}. problems: whole sentences for the person."""

    columns: tuple[FoundColumn, ...]
    values: dict[str, dict[str, Value]]
    problems: tuple[str, ...] = ()


def typed(raw: Raw, wanted: Mapping[str, ColumnType] = {}) -> Typed:
    """The columns of the texts and their values.

    wanted: name of a column -> its type, where a person has said it. Names that differ only in
    letters large and small and in blanks around them are one column, under the name met first.
    Where a file has several texts for it, the last counts.
    """
    cells, names = _cells(raw)
    kept = sorted(cells, key=lambda key: -len(cells[key]))[:MOST_COLUMNS]
    asked = {key_of(name): type for name, type in wanted.items()}
    columns = []
    values: dict[str, dict[str, Value]] = {}
    taken: dict[str, int] = {}
    for key in (key for key in cells if key in kept):
        name = unique(names[key], taken, LONGEST_NAME)
        column, value_of = _column(name, Counter(cells[key].values()), asked.get(key_of(name)))
        columns.append(column)
        for path, text in cells[key].items():
            values.setdefault(path, {})[name] = value_of[text]
    left_out = [names[key] for key in cells if key not in kept]
    return Typed(tuple(columns), values, _problems(left_out))


def _cells(raw: Raw) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """({key of a column: {path: text}}, {key: name}), both in the order in which they were met."""
    cells: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    keys: dict[str, str] = {}
    for path, facts in raw.items():
        for name, text in facts.items():
            key = keys.get(name)
            if key is None:
                key = keys[name] = key_of(name)
                names.setdefault(key, cleaned(name) or "Column")
            if shown := cleaned(text):
                cells.setdefault(key, {})[path] = shown
    return cells, names


def _column(
    name: str, texts: Counter[str], wanted: ColumnType | None
) -> tuple[FoundColumn, dict[str, Value]]:
    """The column, and the value of each of its texts."""
    filled = texts.total()
    type, numbers, unsure = _understood(texts, wanted)
    values = {text: _value(type, text, numbers.get(text)) for text in texts}
    notes = []
    if type in _READINGS and (unread := sum(texts[text] for text in texts if text not in numbers)):
        notes.append(
            f"1 value is no {type}." if unread == 1 else f"{unread:,} values are no {type}s."
        )
    if unsure:
        shown = values[unsure].text if type is _DATE else f"{numbers[unsure]:g}"
        notes.append(f"{quoted(unsure)} can be read in two ways; it is taken as {shown}.")
    shown_texts: Counter[str] = Counter()
    for text, count in texts.items():
        shown_texts[shortened(values[text].text, LONGEST_EXAMPLE)] += count
    examples = tuple(text for text, _ in shown_texts.most_common(EXAMPLES))
    return FoundColumn(name, type, filled, examples, " ".join(notes)), values


def _understood(
    texts: Counter[str], wanted: ColumnType | None
) -> tuple[ColumnType, dict[str, float], str]:
    """The column's type, and what `_best` gives for it."""
    for type in _READINGS if wanted is None else {wanted} & _READINGS.keys():
        numbers, unsure = _best(texts, _READINGS[type])
        if wanted or sum(texts[text] for text in numbers) >= ENOUGH * texts.total():
            return type, numbers, unsure
    few = len(texts) <= MOST_CATEGORIES and texts.total() >= 2 * len(texts)
    return wanted or (ColumnType.CATEGORY if few else ColumnType.TEXT), {}, ""


def _best(texts: Counter[str], readings: Sequence[Reading]) -> tuple[dict[str, float], str]:
    """The numbers of the texts by the reading that understands most of them, one for the column.

    And a text that another reading, which understands as many, takes for another number, or "".
    """
    found = [
        {text: number for text in texts if (number := read(text)) is not None} for read in readings
    ]
    counts = [sum(texts[text] for text in numbers) for numbers in found]
    best = found[counts.index(max(counts))]
    rivals = [numbers for numbers, count in zip(found, counts, strict=True) if count == max(counts)]
    unsure = (
        text for text in best for other in rivals if other.get(text, best[text]) != best[text]
    )
    return best, next(unsure, "")


def _value(type: ColumnType, text: str, number: float | None) -> Value:
    return Value(iso(number) if type is _DATE and number is not None else text, number)


def _problems(left_out: Sequence[str]) -> tuple[str, ...]:
    if not left_out:
        return ()
    shown = ", ".join(map(quoted, left_out[:3])) + (", …" if len(left_out) > 3 else "")
    what = "1 column is" if len(left_out) == 1 else f"{len(left_out):,} columns are"
    return (f"{what} left out, as the {MOST_COLUMNS} that say most are kept: {shown}.",)
