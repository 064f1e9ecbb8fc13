"""The columns of what is known of pictures, as the index keeps them: a small fact of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.index.port import Index
from core.model import COLLECTIONS, Column, ColumnType

KEY = "columns"


def columns_of(index: Index) -> list[Column]:
    """The columns that are known, in the order in which they are shown. Raises IndexUnavailable."""
    try:
        kept = json.loads(index.meta(KEY, "[]"))
        return [
            Column(
                str(name),
                ColumnType(kind),
                taken is True,
                # An index that an older program wrote does not say.
                COLLECTIONS.intersection(*collections),
            )
            for name, kind, taken, *collections in kept
        ]
    except (ValueError, TypeError, RecursionError):  # a damaged index
        return []


def set_columns(index: Index, columns: Sequence[Column]) -> None:
    """Raises IndexUnavailable."""
    kept = [
        [column.name, str(column.type), column.taken, sorted(column.collections)]
        for column in columns
    ]
    index.set_meta(KEY, json.dumps(kept, ensure_ascii=False))


def add_columns(index: Index, columns: Sequence[Column]) -> None:
    """Those that are not known yet; what is known of the same name stays as it is.

    Raises IndexUnavailable.
    """
    known = columns_of(index)
    names = {column.name.casefold() for column in known}
    new = [column for column in columns if column.name.casefold() not in names]
    if new:
        set_columns(index, [*known, *new])
