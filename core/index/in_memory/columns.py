"""What a column says of the pictures of a matrix, ready to be compared with a filter."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.index.in_memory.matrix import Matrix, digests
from core.index.port import Spread
from core.model import Filter


@dataclass(frozen=True, eq=False)
class ColumnInMemory:
    """rows: of the matrix, those that the column says something of, shape (m,). numbers: float64,
    NaN for a text that is none, shape (m,). codes: the number of each one's text in `texts`, shape
    (m,). folded: the texts with large and small letters made the same."""

    rows: npt.NDArray[np.intp]
    numbers: npt.NDArray[np.float64]
    codes: npt.NDArray[np.intp]
    texts: dict[str, int]
    folded: tuple[str, ...]

    def mask(self, wanted: Filter, count: int) -> npt.NDArray[np.bool_]:
        """Which of the matrix's `count` rows a filter means, shape (count,)."""
        mask = np.zeros(count, dtype=bool)
        mask[self.rows[self._told(wanted)]] = True
        return mask

    def spread(self, mask: npt.NDArray[np.bool_] | None, most: int) -> Spread:
        """What it says of the rows of a mask of the matrix (None: of all)."""
        inside = slice(None) if mask is None else mask[self.rows]
        numbers = self.numbers[inside]
        numbers = numbers[~np.isnan(numbers)]
        counts = np.bincount(self.codes[inside], minlength=len(self.texts)).tolist()
        values = ((-n, text) for text, n in zip(self.texts, counts, strict=True) if n)
        return Spread(
            pictures=sum(counts),
            low=float(numbers.min()) if len(numbers) else None,
            high=float(numbers.max()) if len(numbers) else None,
            values=tuple((text, -n) for n, text in heapq.nsmallest(most, values)),
        )

    def _told(self, wanted: Filter) -> npt.NDArray[np.bool_]:
        if wanted.any_of:
            meant = [self.texts[text] for text in wanted.any_of if text in self.texts]
            return np.isin(self.codes, meant)
        if wanted.contains:
            needle = wanted.contains.casefold()
            has_it = np.fromiter((needle in text for text in self.folded), bool, len(self.folded))
            found: npt.NDArray[np.bool_] = has_it[self.codes]
            return found
        low = -np.inf if wanted.low is None else wanted.low
        high = np.inf if wanted.high is None else wanted.high
        # False for NaN.
        return (self.numbers >= low) & (self.numbers <= high)


def column_in_memory(
    matrix: Matrix, known: Sequence[tuple[str, str, float | None]]
) -> ColumnInMemory:
    """known: (picture id, text, number) of each picture that the column says something of."""
    rows = matrix.rows_of(digests([picture_id for picture_id, _, _ in known]))
    there = rows >= 0
    texts: dict[str, int] = {}
    codes = np.fromiter(
        (texts.setdefault(text, len(texts)) for _, text, _ in known), np.intp, len(known)
    )
    numbers = np.array([number for _, _, number in known], dtype=np.float64)
    folded = tuple(text.casefold() for text in texts)
    return ColumnInMemory(rows[there], numbers[there], codes[there], texts, folded)
