"""A contact sheet of the gallery for the README: `python -m tools.paintings.contact`."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tools.paintings.gallery import GALLERY
from tools.paintings.scene import STYLES

SHEET = Path("docs/contact-sheet.jpg")
# Eight rows, one for each style; a README shows it about 900 pixels wide.
COLUMNS, HEIGHT, GAP, WIDTH = 8, 168, 8, 1560
LARGEST_FILE = 700_000
_WALL = (246, 243, 236)


def choose(facts: dict[str, dict[str, object]]) -> list[list[str]]:
    """For each style some pictures of different subjects and times, the same ones every time."""
    by_style: dict[str, list[str]] = defaultdict(list)
    for name in sorted(facts):
        by_style[str(facts[name]["style"])].append(name)
    rng = np.random.default_rng(11)
    used: set[object] = set()
    rows = []
    for style in STYLES:
        names = by_style[style]
        order = [names[int(i)] for i in rng.permutation(len(names))]
        # What no row above has shown comes first; few still lifes and few abstract ones.
        order.sort(key=lambda name: _rank(facts[name], used))
        row: list[str] = []
        seen: set[object] = set()
        for name in order:
            fact = facts[name]
            if fact["subject"] in seen or fact["place"] in seen:
                continue
            row.append(name)
            seen |= {fact["subject"], fact["place"]}
            if len(row) == COLUMNS + 2:
                break
        used |= {facts[name]["subject"] for name in row}
        rows.append(row)
    return rows


def _rank(fact: dict[str, object], used: set[object]) -> int:
    return (fact["subject"] in used) + 2 * (fact["weather"] in ("fog",))


def sheet(folder: Path) -> Image.Image:
    """Rows of equal height and width, like pictures hung along a wall."""
    facts = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    lines = []
    for row in choose(facts):
        pictures, across = [], 0.0
        for name in row:
            with Image.open(folder / name) as image:
                image.draft("RGB", (480, 480))
                small = image.convert("RGB")
            pictures.append(small)
            across += small.width / small.height * HEIGHT + GAP
            if across >= WIDTH * 0.94:
                break
        # The row is stretched or shrunk as a whole until it fills the wall.
        ratio = sum(p.width / p.height for p in pictures)
        height = round((WIDTH - GAP * (len(pictures) + 1)) / ratio)
        lines.append((pictures, height))
    total = sum(height for _, height in lines) + GAP * (len(lines) + 1)
    wall = Image.new("RGB", (WIDTH, total), _WALL)
    y = GAP
    for pictures, height in lines:
        x = GAP
        for i, picture in enumerate(pictures):
            width = round(picture.width / picture.height * height)
            if i == len(pictures) - 1:
                width = WIDTH - GAP - x
            wall.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x, y))
            x += width + GAP
        y += height + GAP
    return wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gallery", type=Path, default=GALLERY)
    parser.add_argument("--out", type=Path, default=SHEET)
    options = parser.parse_args()
    image = sheet(options.gallery)
    for quality in (88, 85, 82, 78, 74, 70, 65):
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= LARGEST_FILE:
            break
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
