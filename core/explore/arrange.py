"""The work behind a map by likeness, in a process of its own.

It is thousands of short steps of numpy. Beside the threads that answer visitors, each step would
wait for its turn in this process, and so would they: a map of 2,000 took 40 s instead of 4.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.explore.clusters import find_clusters
from core.explore.layout import Points, layout, place
from core.explore.spread import picture_side, spread
from core.vectors import Vectors

# What `core` is imported from.
ROOT = Path(__file__).resolve().parents[2]
# For fewer pictures a process takes longer to start than the work.
SMALL = 500
# Share of the work that the layout takes; the rest is moving apart and finding clusters.
LAYING_OUT = 0.8
# Of the processor, visitors come first. Source: nice(2).
NICENESS = 10


class Arranged(NamedTuple):
    """points: places for n vectors, shape (n, 2). spread: the same, moved apart so that pictures
    can be seen. labels: the cluster of each, shape (n,).
    """

    points: Points
    spread: Points
    labels: npt.NDArray[np.intp]


def arrange(vectors: Vectors, known: Points, progress: Callable[[float], None]) -> Arranged:
    """Lay out float32 unit rows, shape (n, dimensions).

    known: places that rows have already and keep, shape (n, 2), NaN for those that have none; if
    none has, all are laid out. progress: called with the share that is done; what it raises ends
    the work.
    """
    new = np.isnan(known).any(axis=1)
    if new.all():
        points = layout(vectors, progress=lambda share: progress(LAYING_OUT * share))
    else:
        points = known.copy()
        points[new] = place(vectors[new], vectors[~new], points[~new])
        progress(LAYING_OUT)
    apart = spread(points, picture_side(points))
    return Arranged(points, apart, find_clusters(vectors))


def arrange_apart(vectors: Vectors, known: Points, progress: Callable[[float], None]) -> Arranged:
    """`arrange` in another process, which ends with this one. Raises OSError, RuntimeError."""
    if len(vectors) < SMALL:
        return arrange(vectors, known, progress)
    with tempfile.TemporaryDirectory(prefix="map-") as name:
        folder = Path(name)
        np.save(folder / "vectors.npy", vectors)
        np.save(folder / "known.npy", known)
        with (
            subprocess.Popen(
                [sys.executable, "-c", "from core.explore.arrange import main; main()", name],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            ) as process,
            contextlib.ExitStack() as undo,
        ):
            undo.callback(process.kill)  # whatever ends this ends the other process
            assert process.stdout is not None
            for line in process.stdout:
                progress(float(line))
            undo.pop_all()
        if process.returncode:
            raise RuntimeError(f"The map was not laid out: the process ended {process.returncode}.")
        points, apart, labels = (np.load(folder / f"{field}.npy") for field in Arranged._fields)
        return Arranged(points, apart, labels)


def main() -> None:
    """What the other process does: the folder with its input is its argument."""
    folder = Path(sys.argv[1])
    if hasattr(os, "nice"):
        os.nice(NICENESS)

    def progress(share: float) -> None:
        # Where nobody listens any more, this fails and ends the work.
        print(share, flush=True)

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    found = arrange(np.asarray(vectors), np.load(folder / "known.npy"), progress)
    for field, value in found._asdict().items():
        np.save(folder / f"{field}.npy", value)
