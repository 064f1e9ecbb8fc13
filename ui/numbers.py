"""Numbers with their nouns."""

from __future__ import annotations

import math


def count(number: int, noun: str) -> str:
    """ "1 picture", "2,400 pictures"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float) -> str:
    """ "99.7%"; "100%" is only said of all."""
    return f"{math.floor(round(share * 1000, 6)) / 10:g}%"
