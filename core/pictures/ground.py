"""What a transparent picture is laid on, so that it can be seen on a light and on a dark page."""

from __future__ import annotations

import numpy as np
from PIL import Image

# White as on paper, where the picture can be seen on it; otherwise the first of the others.
GROUNDS = (255, 128, 48)
# A ground will do when this share of what is not transparent stands out from it.
SEEN = 0.9
# How far lightness must differ, of 255, to stand out: light yellow on white does not.
CONTRAST = 40
# The choice is made on a copy of this size, so that every size of a picture has the same ground.
SAMPLE_SIDE = 96


def flattened(image: Image.Image) -> Image.Image:
    """A picture of mode RGBA in mode RGB, on the ground that shows it best."""
    level = _ground(image)
    ground = Image.new("RGBA", image.size, (level, level, level, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


def _ground(image: Image.Image) -> int:
    sample = image.copy()
    sample.thumbnail((SAMPLE_SIDE, SAMPLE_SIDE))
    alpha = np.asarray(sample.getchannel("A"), dtype=np.float32) / 255
    if alpha.min() == 1 or alpha.max() == 0:
        return GROUNDS[0]
    lightness = np.asarray(sample.convert("RGB").convert("L"), dtype=np.float32)
    shares = [
        float((alpha * (np.abs(lightness - level) >= CONTRAST)).sum() / alpha.sum())
        for level in GROUNDS
    ]
    good = [level for level, share in zip(GROUNDS, shares, strict=True) if share >= SEEN]
    return good[0] if good else GROUNDS[shares.index(max(shares))]
