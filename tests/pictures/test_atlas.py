"""core.pictures.atlas: thumbnails on sheets."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.pictures.atlas import MOST_SHEETS, SHEET_SIDE, atlas_sheet, grid_for
from tests.conftest import plain


def thumbnail(colour: tuple[int, int, int], width: int = 320, height: int = 240) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(plain(colour, width=width, height=height))).save(out, "JPEG")
    return out.getvalue()


def decoded(sheet: bytes) -> Image.Image:
    return Image.open(io.BytesIO(sheet)).convert("RGB")


def colour_at(sheet: Image.Image, number: int, side: int, columns: int) -> tuple[int, ...]:
    row, column = divmod(number, columns)
    found = sheet.getpixel((column * side + side // 2, row * side + side // 2))
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("count", [1, 264, 1024, 1025, 2000, 10_000, 20_000, 50_000])
def test_every_picture_has_a_cell_and_the_sheets_are_few(count: int) -> None:
    grid = grid_for(count)
    assert grid.sheets * grid.per_sheet >= count
    assert (grid.sheets - 1) * grid.per_sheet < count
    assert grid.sheets <= MOST_SHEETS
    assert grid.columns * grid.side <= SHEET_SIDE


def test_cells_become_smaller_with_the_number_of_pictures() -> None:
    sides = [grid_for(count).side for count in (264, 2000, 5000, 10_000, 20_000, 50_000)]
    assert sides == [128, 64, 48, 32, 24, 16]


def test_no_pictures_take_no_sheet() -> None:
    assert grid_for(0).sheets == 0


def test_pictures_lie_row_by_row_in_their_order() -> None:
    grid = grid_for(10_000)
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    thumbnails = [thumbnail(colours[n % 3]) for n in range(grid.columns + 2)]
    sheet = decoded(atlas_sheet(thumbnails, grid))
    assert sheet.size == (grid.columns * grid.side, 2 * grid.side)
    for number in range(len(thumbnails)):
        found = colour_at(sheet, number, grid.side, grid.columns)
        assert max(abs(a - b) for a, b in zip(found, colours[number % 3], strict=True)) < 12


@pytest.mark.parametrize("size", [(320, 20), (20, 320), (1, 1)])
def test_a_picture_of_any_proportions_fills_its_cell(size: tuple[int, int]) -> None:
    grid = grid_for(264)
    sheet = decoded(atlas_sheet([thumbnail((200, 30, 30), *size)], grid))
    for x, y in ((3, 3), (grid.side - 4, 3), (3, grid.side - 4), (grid.side - 4, grid.side - 4)):
        red, green, blue = sheet.crop((x, y, x + 1, y + 1)).getpixel((0, 0))  # type: ignore[misc]
        assert red > 170 and green < 60 and blue < 60


@pytest.mark.parametrize("broken", [b"", b"no picture", thumbnail((9, 9, 9))[:200]])
def test_a_thumbnail_that_cannot_be_read_is_a_grey_cell(broken: bytes) -> None:
    grid = grid_for(264)
    sheet = decoded(atlas_sheet([broken, thumbnail((200, 30, 30))], grid))
    assert colour_at(sheet, 0, grid.side, grid.columns) == pytest.approx((128, 128, 128), abs=6)
    assert colour_at(sheet, 1, grid.side, grid.columns)[0] > 170
