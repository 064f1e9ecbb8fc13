"""Whether two pictures show the same, told by their signatures: light and colour in few cells.

A copy that was cropped is laid over the other by the method of Lucas and Kanade ("An iterative
image registration technique", IJCAI 1981): from the slopes of the light it follows how far to shift
and to stretch. What is left is a correlation, which is the same for a brighter or a paler copy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.pictures import COLOUR_SIDE, LIGHT_SIDE, SIGNATURE_BYTES

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# The bounds below are measured (benchmarks/README.md, "Near-duplicates"): copies of one picture
# lie beyond them, different pictures do not. No embedder has a part in them.

# The correlation of the light of two pictures of the same, laid over each other.
SAME_LIGHT = 0.945
# The same without moving them and in few cells, where a small crop does not show yet. It costs
# little, and nine of ten pairs of different pictures do not reach it.
SIMILAR_LIGHT = 0.75
BLOCK = 4  # cells of the signature in one of those, on a side
# The largest difference of colour (Cb, Cr; of 255): of the whole picture, which a filter may have
# tinted, and beside that of the cells, root mean square. In a colourful picture a small crop
# changes the cells more: there it is half of what the picture's own cells differ by.
SAME_TINT = 14.0
SAME_COLOUR = 8.5
SAME_COLOUR_SHARE = 0.5
# The standard deviation of the light, of 255. With less than this, a correlation is noise.
LEAST_STRUCTURE = 2.0

# Where pictures were cropped, or have a frame, their edges differ most: left out on each side.
EDGE = 2  # cells
# A crop of more than this on one side is another picture. In halves of the width or the height.
FARTHEST = 0.15
STEPS = 6
# Keeps a direction without slopes from being followed anywhere.
DAMPING = 1e-3


def same_pictures(signatures: Sequence[bytes], others: Sequence[bytes]) -> Flags:
    """Whether the first two, the second two, ... show the same picture, shape (pairs,).

    signatures, others: of core.pictures.signature, of equal number.
    """
    first, second = _cells(signatures), _cells(others)
    same = _same_colours(_colours(first), _colours(second))
    same &= _similar(_light(first), _light(second))
    same[same] = _fits(_light(first[same]), _light(second[same]))
    return same


def _cells(signatures: Sequence[bytes]) -> Floats:
    rows = np.frombuffer(b"".join(signatures), np.uint8).reshape(len(signatures), SIGNATURE_BYTES)
    return rows.astype(np.float32)


def _light(rows: Floats) -> Floats:
    """Y of signatures, shape (n, side, side)."""
    return rows[:, : LIGHT_SIDE**2].reshape(-1, LIGHT_SIDE, LIGHT_SIDE)


def _colours(rows: Floats) -> Floats:
    """Cb and Cr of signatures, shape (n, 2, cells)."""
    return rows[:, LIGHT_SIDE**2 :].reshape(-1, 2, COLOUR_SIDE**2)


def _same_colours(first: Floats, second: Floats) -> Flags:
    difference = first - second
    tint = np.abs(difference.mean(axis=2)).max(axis=1)
    own = np.minimum(_spread(first), _spread(second))
    bound = np.maximum(SAME_COLOUR, SAME_COLOUR_SHARE * own)
    same: Flags = (tint <= SAME_TINT) & (_spread(difference) <= bound)
    return same


def _spread(colours: Floats) -> Floats:
    """How far the cells are from the picture's mean colour, root mean square, shape (n,)."""
    spread: Floats = np.sqrt(colours.var(axis=2).mean(axis=1))
    return spread


def _similar(first: Floats, second: Floats) -> Flags:
    """Whether it is worth laying them over each other."""
    inner = slice(EDGE, LIGHT_SIDE - EDGE)
    first, second = first[:, inner, inner], second[:, inner, inner]
    structure = np.minimum(first.std(axis=(1, 2)), second.std(axis=(1, 2)))
    alike = np.vecdot(_blocks(first), _blocks(second))
    similar: Flags = (structure >= LEAST_STRUCTURE) & (alike >= SIMILAR_LIGHT)
    return similar


def _blocks(light: Floats) -> Floats:
    """The light in blocks of BLOCK x BLOCK, less its mean, as unit rows, shape (n, blocks)."""
    blocks = light.shape[1] // BLOCK
    rows = light.reshape(-1, blocks, BLOCK, blocks, BLOCK).mean(axis=(2, 4))
    rows = rows.reshape(-1, blocks * blocks)
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.maximum(lengths, 1e-6).astype(np.float32)
    return unit


def _fits(first: Floats, second: Floats) -> Flags:
    """Whether they correlate as they are or, which takes longer, laid over each other."""
    fits = _Overlap(first, second, np.zeros((len(first), 4), np.float32)).correlation >= SAME_LIGHT
    fits[~fits] = _fit(first[~fits], second[~fits]) >= SAME_LIGHT
    return fits


def _fit(first: Floats, second: Floats) -> Floats:
    """The correlation of the second, laid over the first, with it; both (pairs, side, side).

    The place is looked for in STEPS steps, each from the slopes of the light to the place where the
    difference would be least if these slopes went on. It is four numbers: how much wider than the
    first, how far to the right, how much higher, how far down; half a width or height is 1.
    """
    pairs, side = first.shape[:2]
    along = _along(side)
    place: Floats = np.zeros((pairs, 4), dtype=np.float32)
    for _ in range(STEPS):
        overlap = _Overlap(first, second, place)
        down, right = np.gradient(overlap.moved, axis=(1, 2))
        slopes = np.stack([right * along, right, down * along[:, None], down], axis=-1)
        slopes *= (overlap.mask * (side / 2) * overlap.gain)[..., None]
        slopes = slopes.reshape(pairs, side * side, 4)
        slopes -= slopes.mean(axis=1, keepdims=True)
        rest = (overlap.first - overlap.gain * overlap.second).reshape(pairs, side * side, 1)
        turned = slopes.transpose(0, 2, 1)
        squares = turned @ slopes
        damping = DAMPING * np.trace(squares, axis1=1, axis2=2) / 4 + DAMPING
        squares += np.eye(4, dtype=np.float32) * damping[:, None, None]
        step = np.linalg.solve(squares, turned @ rest)[..., 0]
        place = np.clip(place + step, -FARTHEST, FARTHEST).astype(np.float32)
    return _Overlap(first, second, place).correlation


def _along(side: int) -> Floats:
    """The middles of the cells, from -1 to 1."""
    middles: Floats = (np.arange(side, dtype=np.float32) * 2 + 1) / np.float32(side) - 1
    return middles


class _Overlap:
    """The second picture moved, and where it and the first lie over each other without edges.

    first, second: the light there less its mean, else 0. gain: what the second is multiplied with
    to be as strong as the first, shape (pairs, 1, 1). correlation: shape (pairs,).
    """

    def __init__(self, first: Floats, second: Floats, place: Floats) -> None:
        side = first.shape[1]
        across, on_x = _weights(side, place[:, 0], place[:, 1])
        upright, on_y = _weights(side, place[:, 2], place[:, 3])
        self.moved: Floats = np.matmul(np.matmul(upright, second), across.transpose(0, 2, 1))
        self.mask: Floats = on_y[:, :, None] * on_x[:, None, :]
        self.first = self._centred(first)
        self.second = self._centred(self.moved)
        product = self._sum(self.first * self.second)
        own = self._sum(self.second * self.second) + 1e-6
        self.gain: Floats = product / own
        lengths: Floats = np.sqrt(self._sum(self.first * self.first) * own + 1e-6)
        self.correlation = np.reshape(product / lengths, len(first))

    def _centred(self, light: Floats) -> Floats:
        mean = self._sum(light * self.mask) / self._sum(self.mask)
        centred: Floats = (light - mean) * self.mask
        return centred

    @staticmethod
    def _sum(cells: Floats) -> Floats:
        total: Floats = cells.sum(axis=(1, 2), keepdims=True)
        return total


def _weights(side: int, stretch: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """How each cell of a moved line is mixed from those of the line itself, between neighbours.

    Gives the weights, shape (pairs, side, side), and 1 for each cell that is inside both lines and
    no edge, else 0, shape (pairs, side).
    """
    cells = np.arange(side, dtype=np.float32)
    at = (_along(side) * (1 + stretch[:, None]) + shift[:, None] + 1) * (side / 2) - 0.5
    weights = np.maximum(0, 1 - np.abs(at[:, :, None] - cells))
    weights /= np.maximum(weights.sum(axis=2, keepdims=True), 1e-6)
    inside = (at >= -0.5) & (at <= side - 0.5) & (cells >= EDGE) & (cells < side - EDGE)
    return weights, inside.astype(np.float32)
