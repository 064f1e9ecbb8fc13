"""The modality gap: texts and pictures lie in two regions of one space (Liang et al. 2022).

Even a text that describes a picture exactly lies nearer to other texts than to it. Search does not
suffer, because only the order of cosines counts; a map that shows both must say so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.explore.projection import project
from core.vectors import Vectors

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Modalities:
    """Pictures and texts on one plane.

    pictures, texts: places, shapes (n, 2) and (m, 2). gap: the distance of the two middles in the
    whole space, before anything was closed; 0 where a kind is missing. explained: shares of the
    variance that the two axes carry.
    """

    pictures: Points
    texts: Points
    gap: float
    explained: tuple[float, float]


def modalities(pictures: Vectors, texts: Vectors, closed: bool = False) -> Modalities:
    """Both kinds of float32 unit rows in one projection; any number of each.

    closed: each kind is first moved so that its middle is the origin. Both kinds count alike for
    the axes, however many there are of each.
    """
    middles = [rows.mean(axis=0, dtype=np.float64) for rows in (pictures, texts) if len(rows)]
    gap = float(np.linalg.norm(middles[0] - middles[1])) if len(middles) == 2 else 0.0
    if closed:
        pictures, texts = _centred(pictures), _centred(texts)
    # The fewer are counted several times, so that the others do not choose the axes alone.
    fewer, more = sorted((pictures, texts), key=len)
    times = len(more) // max(len(fewer), 1)
    found = project(np.vstack([more, *([fewer] * times)]))
    return Modalities(found.place(pictures), found.place(texts), gap, found.explained)


def _centred(rows: Vectors) -> Vectors:
    if len(rows) == 0:
        return rows
    centred: Vectors = rows - rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    return centred
