"""How strongly many points on a plane push each other apart, in time that grows with n alone.

Summing over all pairs would take n² steps. Instead, the points are poured onto a grid, one
convolution by fast Fourier transform gives the sum at every grid point, and it is read off where
the points lie: the particle-mesh method (Hockney and Eastwood 1988; with B-splines, Essmann et al.
1995), as FIt-SNE does with polynomials (Linderman et al., arXiv:1712.09005).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Line = npt.NDArray[np.float32]
"""float32, shape (n,)."""

# Distance of the grid's points. The kernel is one unit wide; its spectrum falls as exp(-|k|), so
# that about a hundredth of it lies beyond what this grid can carry.
SPACING = 0.7
# A cubic B-spline reaches four grid points in each direction.
REACH = 4
# No more grid points than this along a side, so that a few far points cannot take all the memory;
# the grid becomes coarser instead.
MOST_CELLS = 500

# So few points are summed pair by pair, which is exact and takes no longer. Their forces are small
# beside the errors of a grid, and far from each other they would need a large one.
FEW = 300


def repulsion(x: Line, y: Line) -> tuple[float, Line, Line]:
    """The sum over all ordered pairs of 1 / (1 + d²), and each point's push along x and along y.

    The push on a point is the sum over the others of (its place - theirs) / (1 + d²)². x, y: finite
    coordinates of at least one point.
    """
    if len(x) <= FEW:
        return _pair_by_pair(x, y)
    spacing = max(SPACING, float(max(np.ptp(x), np.ptp(y))) / MOST_CELLS)
    column, across, across_slope = _splines(x, spacing)
    row, along, along_slope = _splines(y, spacing)
    shape = _roomy(int(column.max()) + REACH), _roomy(int(row.max()) + REACH)
    steps = np.arange(REACH)
    cells = (column[:, None] + steps)[:, :, None] * shape[1] + (row[:, None] + steps)[:, None, :]
    poured = np.bincount(
        cells.ravel(), (across[:, :, None] * along[:, None, :]).ravel(), shape[0] * shape[1]
    )
    spectrum = np.fft.rfft2(poured.reshape(shape).astype(np.float32))
    summed = np.fft.irfft2(spectrum * _kernel(shape, spacing), s=shape).astype(np.float32)
    around = summed.ravel()[cells]
    by_column = np.einsum("nij,nj->ni", around, along)
    pairs = float(np.einsum("ni,ni->", by_column, across, dtype=np.float64)) - len(x)
    # The slope of 1 / (1 + d²) is -2 d / (1 + d²)².
    scale = np.float32(-0.5 / spacing)
    push_x = scale * np.einsum("ni,ni->n", by_column, across_slope)
    push_y = scale * np.einsum("nij,ni,nj->n", around, across, along_slope, optimize=True)
    return max(pairs, 0.0), push_x, push_y


def _pair_by_pair(x: Line, y: Line) -> tuple[float, Line, Line]:
    across, along = x[:, None] - x, y[:, None] - y
    near = 1 / (1 + across * across + along * along)
    pairs = float(near.sum(dtype=np.float64)) - len(x)
    near *= near
    return pairs, np.einsum("ij,ij->i", near, across), np.einsum("ij,ij->i", near, along)


def _splines(places: Line, spacing: float) -> tuple[npt.NDArray[np.intp], Line, Line]:
    """The first grid point that each place touches, and the weights and slopes at its four."""
    scaled = (places - places.min()) / np.float32(spacing)
    first = scaled.astype(np.intp)
    t = scaled - first.astype(np.float32)
    t2, t3 = t * t, t * t * t
    weights = np.stack([(1 - t) ** 3, 3 * t3 - 6 * t2 + 4, 1 + 3 * (t + t2 - t3), t3], axis=1)
    slopes = np.stack([-((1 - t) ** 2), 3 * t2 - 4 * t, 1 + 2 * t - 3 * t2, t2], axis=1)
    return first, (weights / 6).astype(np.float32), (slopes / 2).astype(np.float32)


def _roomy(cells: int) -> int:
    """Twice as many, so that nothing wraps around, rounded up to a length that is fast.

    In few steps, so that the kernel need not be made anew for every grid.
    """
    size = 16
    while size < 2 * cells:
        # 16, 24, 32, 48, 64, ...
        size = size * 4 // 3 if size % 3 == 0 else size * 3 // 2
    return size


@lru_cache(maxsize=8)
def _kernel(shape: tuple[int, int], spacing: float) -> npt.NDArray[np.complex64]:
    """The spectrum of 1 / (1 + d²), less the blur of pouring out and reading off."""
    squares, blurs = [], []
    for size in shape:
        steps = np.arange(size)
        squares.append((np.minimum(steps, size - steps) * spacing) ** 2)
        blurs.append(((4 + 2 * np.cos(2 * np.pi * steps / size)) / 6) ** 2)
    spectrum = np.fft.rfft2(1 / (1 + squares[0][:, None] + squares[1]))
    blur = blurs[0][:, None] * blurs[1][: spectrum.shape[1]]
    return (spectrum / blur).astype(np.complex64)
