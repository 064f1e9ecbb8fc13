"""Texts that are numbers, in one of two conventions: a point or a comma before the decimals."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeAlias

# A text as the number that it is compared by; None if it is none.
Reading: TypeAlias = Callable[[str], float | None]

# No number that a person writes is longer.
_LONGEST = 40


def _reading(decimal: str, thousands: str) -> Reading:
    marks = (thousands, " ", "['’]")
    groups = "|".join(rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+" for mark in marks)
    whole = rf"(?:{groups}|[0-9]+)"
    number = rf"(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    pattern = re.compile(rf"([+-]?{number}) ?%?")
    without_groups = str.maketrans(dict.fromkeys((thousands[-1], " ", "'", "’")))

    def read(text: str) -> float | None:
        found = pattern.fullmatch(text.replace("−", "-")) if len(text) <= _LONGEST else None
        if found is None:
            return None
        number = float(found[1].translate(without_groups).replace(decimal[-1], "."))
        return number if math.isfinite(number) else None

    return read


# "1,234.5" and "1.234,5". Both read "1 234", "1'234", "12 %" and "1e3".
WITH_POINT = _reading(r"\.", ",")
WITH_COMMA = _reading(",", r"\.")
