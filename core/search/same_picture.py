"""Whether two pictures show the same, told by their signatures: light and colour in few cells.

A copy that was cropped is laid over the other by the method of Lucas and Kanade ("An iterative
image registration technique", IJCAI 1981): from the slopes of the light it follows how far to shift
and to stretch. What is left is a correlation, which is the same for a brighter or a paler copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

# Pictures that are made ready together: 512 of them take some 4 MB.
PICTURES_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Seen:
    """What the signatures of n pictures say, made ready to compare any two of them.

    cells: the signatures, uint8, shape (n, SIGNATURE_BYTES). blocks: the light in blocks of BLOCK x
    BLOCK cells without the edges, less its mean, as unit rows, shape (n, blocks). structure: the
    standard deviation of the light there, shape (n,).
    """

    cells: npt.NDArray[np.uint8]
    blocks: Floats
    structure: Floats


def seen(signatures: Sequence[bytes]) -> Seen:
    """signatures: of core.pictures.signature. Raises ValueError for one of another length."""
    cells = np.frombuffer(b"".join(signatures), np.uint8).reshape(len(signatures), SIGNATURE_BYTES)
    count = (LIGHT_SIDE - 2 * EDGE) // BLOCK
    blocks: Floats = np.empty((len(cells), count * count), dtype=np.float32)
    structure: Floats = np.empty(len(cells), dtype=np.float32)
    inner = slice(EDGE, LIGHT_SIDE - EDGE)
    for start in range(0, len(cells), PICTURES_AT_ONCE):
        some = slice(start, start + PICTURES_AT_ONCE)
        light = _light(cells[some])[:, inner, inner]
        structure[some] = light.std(axis=(1, 2))
        rows = light.reshape(-1, count, BLOCK, count, BLOCK).mean(axis=(2, 4))
        rows = rows.reshape(-1, count * count)
        rows -= rows.mean(axis=1, keepdims=True)
        blocks[some] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return Seen(cells, blocks, structure)


def same_pictures(pictures: Seen, pairs: npt.NDArray[np.intp]) -> Flags:
    """Which pairs of pictures, given by their numbers, show the same, shape (pairs,).

    pairs: shape (pairs, 2).
    """
    first, second = pairs.T
    # One after the other, the cheapest first: nine of ten pairs end here.
    same: Flags = np.vecdot(pictures.blocks[first], pictures.blocks[second]) >= SIMILAR_LIGHT
    structure = np.minimum(pictures.structure[first], pictures.structure[second])
    same &= structure >= LEAST_STRUCTURE
    cells, others = pictures.cells[first[same]], pictures.cells[second[same]]
    same[same] = _same_colours(_colours(cells), _colours(others)) & _fits(
        _light(cells), _light(others)
    )
    return same


def _light(cells: npt.NDArray[np.uint8]) -> Floats:
    """Y of signatures, shape (n, side, side)."""
    light = cells[:, : LIGHT_SIDE**2].astype(np.float32)
    return light.reshape(-1, LIGHT_SIDE, LIGHT_SIDE)


def _colours(cells: npt.NDArray[np.uint8]) -> Floats:
    """Cb and Cr of signatures, shape (n, 2, cells)."""
    colours = cells[:, LIGHT_SIDE**2 :].astype(np.float32)
    return colours.reshape(-1, 2, COLOUR_SIDE**2)


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


def _fits(first: Floats, second: Floats) -> Flags:
    """Whether the second, laid over the first, correlates with it; both (pairs, side, side).

    The place is looked for in STEPS steps, each from the slopes of the light to the place where the
    difference would be least if these slopes went on. It is four numbers: how much wider than the
    first, how far to the right, how much higher, how far down; half a width or height is 1.
    """
    fits: Flags = np.zeros(len(first), dtype=bool)
    left = np.arange(len(first))
    place: Floats = np.zeros((len(first), 4), dtype=np.float32)
    for step in range(STEPS + 1):
        overlap = _Overlap(first[left], second[left], place)
        fit = overlap.correlation >= SAME_LIGHT
        fits[left[fit]] = True
        if step == STEPS or fit.all():
            break
        place = np.clip(place + overlap.step(), -FARTHEST, FARTHEST).astype(np.float32)[~fit]
        left = left[~fit]
    return fits


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

    def step(self) -> Floats:
        """How the place of the second should change, shape (pairs, 4)."""
        pairs, side = self.first.shape[:2]
        along = _along(side)
        down, right = np.gradient(self.moved, axis=(1, 2))
        slopes = np.stack([right * along, right, down * along[:, None], down], axis=-1)
        slopes *= (self.mask * (side / 2) * self.gain)[..., None]
        slopes = slopes.reshape(pairs, side * side, 4)
        slopes -= slopes.mean(axis=1, keepdims=True)
        rest = (self.first - self.gain * self.second).reshape(pairs, side * side, 1)
        turned = slopes.transpose(0, 2, 1)
        squares = turned @ slopes
        damping = DAMPING * np.trace(squares, axis1=1, axis2=2) / 4 + DAMPING
        squares += np.eye(4, dtype=np.float32) * damping[:, None, None]
        step: Floats = np.linalg.solve(squares, turned @ rest)[..., 0]
        return step

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
