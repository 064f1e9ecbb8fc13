"""Colour, light and composition of a picture as a small vector: what stays useful on photographs.

Half of it is a histogram of light and of two colour differences, the other half the directions
of edges in a coarse grid. Both are plain statistics; nothing is learned.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
LIGHTS = 3
SHADES = 5
# Colour differences beyond this are rare on photographs; they count as this much.
FARTHEST = 0.3
# Cells a side: coarse, so that a thing that stands a little elsewhere is still alike.
CELLS = 3
DIRECTIONS = 6
LENGTH = LIGHTS * SHADES * SHADES + CELLS * CELLS * DIRECTIONS


def colour_features(squares: npt.NDArray[np.uint8]) -> Floats:
    """uint8 (n, side, side, 3) RGB -> float32 (n, LENGTH), unit rows."""
    out = np.empty((len(squares), LENGTH), np.float32)
    for row, square in zip(out, squares, strict=True):
        x = square.astype(np.float32) / 255
        light = x @ np.array([0.3, 0.59, 0.11], np.float32)
        colours = _histogram(x, light)
        edges = _edges(light)
        row[:] = np.concatenate([colours, edges])
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return out


def _histogram(x: Floats, light: Floats) -> Floats:
    """Unit length. Bins overlap, so that a slightly other light moves little."""
    red_green: Floats = x[..., 0] - x[..., 1]
    yellow_blue: Floats = (x[..., 0] + x[..., 1]) * np.float32(0.5) - x[..., 2]
    one = _shares(red_green.ravel(), -FARTHEST, FARTHEST, SHADES)
    two = _shares(yellow_blue.ravel(), -FARTHEST, FARTHEST, SHADES)
    both = (one[:, :, None] * two[:, None, :]).reshape(light.size, -1)
    counts = _shares(light.ravel(), 0, 1, LIGHTS).T @ both
    # The root keeps the background from being all that counts.
    roots = np.sqrt(np.maximum(counts, 0)).ravel()
    unit: Floats = roots / np.linalg.norm(roots)
    return unit


def _shares(values: Floats, low: float, high: float, bins: int) -> Floats:
    """(n,) -> (n, bins): how much of each value falls to each of its two nearest bins."""
    centres = np.linspace(low, high, bins, dtype=np.float32)
    width = np.float32((high - low) / (bins - 1))
    far = np.abs(np.clip(values, low, high)[:, None] - centres) / width
    out: Floats = np.maximum(0, 1 - far)
    return out


def _edges(light: Floats) -> Floats:
    """Unit length, or zeros for a picture without an edge."""
    across = np.diff(light, axis=1)[:-1]
    down = np.diff(light, axis=0)[:, :-1]
    strength = np.hypot(across, down)
    turn = (np.arctan2(down, across) % np.pi) / np.pi * DIRECTIONS
    which = np.minimum(turn.astype(np.intp), DIRECTIONS - 1)
    cell = np.minimum(np.arange(len(strength)) * CELLS // len(strength), CELLS - 1)
    place = (cell[:, None] * CELLS + cell[None, :]) * DIRECTIONS + which
    sums = np.bincount(
        place.ravel(), weights=strength.ravel(), minlength=CELLS * CELLS * DIRECTIONS
    )
    roots = np.sqrt(sums).astype(np.float32)
    length = np.linalg.norm(roots)
    out: Floats = roots / length if length > 0 else roots
    return out
