"""Many thumbnails in few images, so that a browser asks for a dozen files and not for thousands."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from core.pictures.encode import jpeg

# Sides of a sheet in pixels: small enough that the first of many is made within about a second.
SHEET_SIDE = 1024
# A browser keeps every sheet decoded, at 4 MB each: 64 MB in all.
MOST_SHEETS = 16
# Sides of one picture in pixels, the largest for small collections. Below 16 nothing is recognised.
CELL_SIDES = (128, 64, 48, 32, 24, 16)
# A picture of so few pixels shows no difference to a better quality.
SHEET_QUALITY = 72
# Stands for a thumbnail that is missing or cannot be read: a grey that is seen on both themes.
MISSING = (128, 128, 128)


@dataclass(frozen=True)
class Grid:
    """How pictures lie on sheets: row by row in square cells of `side` pixels.

    columns: cells in one row. per_sheet: cells on one sheet. sheets: how many there are.
    """

    side: int
    columns: int
    per_sheet: int
    sheets: int


def grid_for(count: int) -> Grid:
    """The grid with the largest cells that holds `count` pictures on MOST_SHEETS sheets.

    More than the smallest cells hold (65,536) take more sheets.
    """
    for side in CELL_SIDES:
        columns = SHEET_SIDE // side
        grid = Grid(side, columns, columns * columns, -(-count // (columns * columns)))
        if grid.sheets <= MOST_SHEETS:
            break
    return grid


def atlas_sheet(thumbnails: Iterable[bytes], grid: Grid) -> bytes:
    """One sheet as JPEG, as high as its pictures need; at most `grid.per_sheet` thumbnails.

    Each picture is stretched over its whole square cell. Whoever draws it gives it its proportions
    back, and so needs to know nothing of borders inside a cell.
    """
    cells = [_cell(thumbnail, grid.side) for thumbnail in thumbnails]
    rows = max(1, -(-len(cells) // grid.columns))
    sheet = Image.new("RGB", (grid.columns * grid.side, rows * grid.side), MISSING)
    for number, cell in enumerate(cells):
        if cell is not None:
            row, column = divmod(number, grid.columns)
            sheet.paste(cell, (column * grid.side, row * grid.side))
    return jpeg(sheet, SHEET_QUALITY)


def _cell(thumbnail: bytes, side: int) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(thumbnail), formats=["JPEG"]) as opened:
            opened.draft("RGB", (side, side))  # decodes a fraction of the pixels
            size = (side, side)
            return opened.convert("RGB").resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
