"""Pictures that look alike: one scene, and what people make of it."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance


def a_scene(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Soft spots of any colour, the same for one seed."""
    cells = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)


def file_of(image: Image.Image, kind: str = "JPEG", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def cropped(
    image: Image.Image, left: float, top: float, right: float, bottom: float
) -> Image.Image:
    """The part between these shares of the width and the height."""
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * right), round(height * bottom))
    )


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "half size": lambda i: file_of(i.resize((i.width // 2, i.height // 2))),
    "poorer": lambda i: file_of(i, quality=50),
    "cropped all round": lambda i: file_of(cropped(i, 0.03, 0.03, 0.97, 0.97)),
    "cropped on one side": lambda i: file_of(cropped(i, 0.06, 0, 1, 1)),
    "brighter": lambda i: file_of(ImageEnhance.Brightness(i).enhance(1.1)),
    "darker": lambda i: file_of(ImageEnhance.Brightness(i).enhance(0.9)),
    "of another format": lambda i: file_of(i, "WEBP"),
}
