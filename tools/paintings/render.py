"""From a scene to pixels: small and fast to learn from, or painted large to look at."""

from __future__ import annotations

import numpy as np

from tools.paintings.compose import compose
from tools.paintings.scene import Scene
from tools.paintings.styles import paint


def draw(scene: Scene, size: tuple[int, int] | int, *, painted: bool) -> np.ndarray:
    """The picture as uint8 (height, width, 3); `size` is (width, height) or a square's side.

    The same scene gives the same pixels every time on one machine. `painted=False` is the cheap
    version of the same composition and the same style, for training.
    """
    width, height = (size, size) if isinstance(size, int) else size
    return paint(compose(scene, width, height), scene, painted=painted)
