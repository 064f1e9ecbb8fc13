"""Colour, light and layout of a picture as a small vector: what stays useful on photographs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
# Cells a side for the layout: coarse, so that a shifted picture stays near.
CELLS = 4


def colour_features(squares: npt.NDArray[np.uint8]) -> Floats:
    """uint8 (n, side, side, 3) RGB -> float32 (n, CELLS * CELLS * 3), unit rows."""
    n, side = squares.shape[:2]
    step = side // CELLS
    x = squares[:, : step * CELLS, : step * CELLS].astype(np.float32) / 255
    cells = x.reshape(n, CELLS, step, CELLS, step, 3).mean((2, 4)).reshape(n, -1, 3)
    light = cells.mean(2, keepdims=True)
    features = np.concatenate([light - 0.5, (cells - light)[:, :, :2] * 2], axis=2).reshape(n, -1)
    # A picture of even gray has no colour of its own; a constant keeps its direction defined.
    features[:, 0] += 1e-3
    out: Floats = features / np.linalg.norm(features, axis=1, keepdims=True)
    return out
