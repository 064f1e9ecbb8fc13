"""Pictures as arrays: conversions, lightness, and noise in the picture's size."""

from __future__ import annotations

import cv2
import numpy as np

from tools.paintings.canvas import noise

Floats = np.ndarray
_N = 512


def as_floats(pixels: np.ndarray) -> Floats:
    return pixels.astype(np.float32) / np.float32(255)


def as_bytes(values: Floats) -> np.ndarray:
    return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)


def luma(values: Floats) -> Floats:
    # Not a matrix product: that would wake a pool of threads for nine thousand pixels.
    r, g, b = values[..., 0], values[..., 1], values[..., 2]
    return r * np.float32(0.3) + g * np.float32(0.59) + b * np.float32(0.11)


def tile(beta: float, h: int, w: int, rng: np.random.Generator, scale: float = 1.0) -> Floats:
    """A random cut of seamless noise, 0..1, `scale` noise cells to a pixel."""
    oy, ox = rng.integers(0, _N, 2)
    field = noise(beta, int(rng.integers(3)))
    if scale == 1.0:
        field = np.roll(field, (-int(oy), -int(ox)), (0, 1))
        reps = (-(-h // _N), -(-w // _N))
        return np.tile(field, reps)[:h, :w] if max(reps) > 1 else field[:h, :w]
    ys = np.mod(np.arange(h, dtype=np.float32) * scale + oy, _N - 1)
    xs = np.mod(np.arange(w, dtype=np.float32) * scale + ox, _N - 1)
    return cv2.remap(
        field,
        np.broadcast_to(xs[None, :], (h, w)).astype(np.float32),
        np.broadcast_to(ys[:, None], (h, w)).astype(np.float32),
        cv2.INTER_LINEAR,
    )


def vivid(values: Floats, amount: float) -> Floats:
    grey = luma(values)[..., None]
    return grey + (values - grey) * amount


def evened(light: Floats) -> Floats:
    """Lightness stretched part of the way, so that a night print keeps its middle tones."""
    low, high = np.quantile(light[::4, ::4], (0.03, 0.97))
    full = np.clip((light - low) / max(float(high - low), 0.2), 0, 1)
    return (0.5 * light + 0.5 * (0.06 + 0.88 * full)).astype(np.float32)
