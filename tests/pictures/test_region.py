"""core.pictures.region: a part of a picture, cut out."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.errors import PictureError
from core.model import Region
from core.pictures import cut_out


def halves(width: int = 200, height: int = 100, orientation: int = 1) -> bytes:
    """The left half red, the right half blue, as it is stored."""
    image = Image.new("RGB", (width, height), (230, 20, 20))
    image.paste((20, 40, 230), (width // 2, 0, width, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def test_a_part_shows_what_lies_inside_its_sides() -> None:
    part = Image.open(io.BytesIO(cut_out(halves(), Region(0.5, 0, 1, 0.5))))
    assert part.size == (100, 50)
    red, _, blue = part.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert blue > 200 > 60 > red


def test_a_part_is_measured_on_the_upright_picture() -> None:
    # Orientation 6: turned a quarter to the right, so that the stored left half is on top.
    part = Image.open(io.BytesIO(cut_out(halves(orientation=6), Region(0, 0, 1, 0.5))))
    assert part.size == (100, 100)
    red, _, blue = part.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 200 > 60 > blue


def test_a_part_of_two_pixels_is_refused_with_its_size() -> None:
    with pytest.raises(PictureError, match="only 2 × 100 pixels"):
        cut_out(halves(), Region(0.5, 0, 0.51, 1))


def test_a_part_of_what_is_no_picture_is_refused() -> None:
    with pytest.raises(PictureError):
        cut_out(b"nothing", Region(0, 0, 1, 1))
