"""What is known of a picture, as every engine changes it."""

from __future__ import annotations

from collections.abc import Mapping


def merged(before: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """What is kept once this was told; an empty text forgets its column.

    >>> merged({"Camera": "A", "Author": "B"}, {"Camera": "", "Date taken": "2026-11-27"})
    {'Author': 'B', 'Date taken': '2026-11-27'}
    """
    return {name: text for name, text in {**before, **told}.items() if text}
