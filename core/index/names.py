"""Names of saved searches, of which no two may be the same."""

from __future__ import annotations

from collections.abc import Container
from itertools import count


def free_name(wanted: str, taken: Container[str]) -> str:
    """The name itself, or with the first number that makes it another.

    >>> free_name("boats", {"boats", "boats (2)"})
    'boats (3)'
    """
    numbered = (f"{wanted} ({number})" for number in count(2))
    return wanted if wanted not in taken else next(n for n in numbered if n not in taken)
