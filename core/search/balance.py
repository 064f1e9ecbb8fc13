"""Equal weights mean equal influence: parts of a query scaled by the spread of their cosines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.search.query import Part
from core.vectors import Vectors

# A spread below this is the rounding of float32: the part tells no two pictures apart.
NO_SPREAD = 1e-6
# The pictures whose mean is the upper end of a part's spread: a share of all, and at least so many.
# A standard deviation would let a text, whose few matches lie far out, decide over a picture, whose
# cosines fall off evenly (benchmarks/README.md, "Composed queries").
BEST_SHARE, BEST = 0.01, 5


def balanced(parts: Sequence[Part], pictures: Vectors) -> list[Part]:
    """The parts with weights that make equally weighted parts equally influential.

    pictures: float32 unit rows, shape (n, dimensions), of the collection or a fair sample of it.

    A text has cosines between 0.2 and 0.4 with pictures, a picture between 0.5 and 0.9: in a plain
    sum the part whose cosines differ most decides the order alone. Each weight is divided by the
    spread of its part's cosines, how far those of the best few pictures lie above the median,
    relative to the mean of these spreads. The parts stay plain vectors with a weight, so that the
    score of their normalised sum is still a true cosine and the share of each part is exact. One
    part alone, and parts that tell no two pictures apart, are left as they are.
    """
    if len(parts) < 2 or len(pictures) < 2:
        return list(parts)
    cosines = pictures @ np.stack([part.vector for part in parts]).T
    best = min(len(pictures), max(BEST, round(BEST_SHARE * len(pictures))))
    highest = np.partition(cosines, -best, axis=0)[-best:].mean(axis=0, dtype=np.float64)
    spreads = highest - np.median(cosines, axis=0)
    if not (spreads > NO_SPREAD).all():
        return list(parts)
    scales = spreads.mean() / spreads
    return [
        replace(part, weight=part.weight * float(scale))
        for part, scale in zip(parts, scales, strict=True)
    ]
