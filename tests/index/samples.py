"""Pictures, files and vectors that tests put into an index."""

from __future__ import annotations

import numpy as np

from core.index import Index, VectorSpace
from core.model import FileRow, Picture
from core.vectors import Vector, unit

THUMBNAIL = b"\xff\xd8" + bytes(12_000) + b"\xff\xd9"


DIMENSIONS = 1024


def an_id(number: int) -> str:
    return f"{number:064x}"


def a_picture(number: int) -> Picture:
    return Picture(an_id(number), "JPEG", 640, 480, 1000 + number, "")


def a_vector(number: int, dimensions: int = DIMENSIONS) -> Vector:
    return unit(np.random.default_rng(number).standard_normal(dimensions))


def put(index: Index, number: int, path: str = "", *, vector: bool = True) -> str:
    """A picture with a file and a vector; returns its id."""
    path = path or f"images/{number}.jpg"
    index.add_files([FileRow(path, an_id(number), 1000, number)], [(a_picture(number), THUMBNAIL)])
    if vector:
        index.add_vectors("e:1", [(an_id(number), a_vector(number), False)])
    return an_id(number)


def fill(index: Index, count: int) -> None:
    numbers = range(count)
    index.add_files(
        [FileRow(f"images/{n}.jpg", an_id(n), 1000, n) for n in numbers],
        [(a_picture(n), THUMBNAIL) for n in numbers],
    )
    index.add_vectors("e:1", [(an_id(n), a_vector(n), False) for n in numbers])


def space_of(index: Index) -> VectorSpace:
    """The vectors of the pictures that were put."""
    return index.vector_space("e:1", DIMENSIONS, is_running=lambda: False, dropped=lambda: None)
