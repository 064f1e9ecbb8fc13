"""An index of any size, made in seconds: no picture is decoded and no embedder is asked.

The rows are written through the index engine. The pictures lie as tiny files in the images folder,
so that a scan finds them unchanged; their thumbnails are a few real JPEGs, used in turn.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from core.index import open_index
from core.model import FileRow, Picture
from core.settings import Settings
from core.vectors import Vectors, unit

# What Azure AI Vision answers with. The app runs with its id and the queries' vectors in the index,
# so that no call is made.
DIMENSIONS = 1024
EMBEDDER_ID = "azure:2023-04-15"
SETTINGS = {
    "EMBEDDER": "azure",
    "VISION_ENDPOINT": "http://127.0.0.1:9",
    "VISION_KEY": "no-call-is-made",
    "VISION_MODEL_VERSION": "2023-04-15",
}

# Committed at once: few commits, and vectors of 8 MB in memory.
AT_ONCE = 2000
THUMBNAILS = 32
PER_FOLDER = 1000


# Of pictures that show something: how many queries each shows, how strongly, and how much pictures
# differ in what they have in common with every query. Cosines of matches then lie near .4, others
# near 0, and some pictures score higher whatever is asked.
SHOWN, STRENGTH, COMMON = 3, 0.7, 0.4


def make(home: Path, count: int, queries: Sequence[str], *, showing: bool = False) -> None:
    """Fill the images and data folders below `home` with `count` pictures and these queries.

    showing: each picture matches some of the queries, so that some stand out. Otherwise all vectors
    are independent.
    """
    random = np.random.default_rng(0)
    asked, common = _vectors(random, len(queries)), _vectors(random, 1)
    if showing:
        asked = unit(asked + COMMON * common)
    thumbnails = [thumbnail(random) for _ in range(THUMBNAILS)]
    index = open_index(Settings(data_dir=home / "data"))
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(count, start + AT_ONCE))
        files = [_file(home / "images", number) for number in numbers]
        pictures = [
            (Picture(file.picture_id, "JPEG", 4032, 3024, 3_000_000 + n, ""), thumbnails[n % 32])
            for n, file in zip(numbers, files, strict=True)
        ]
        index.add_files(files, pictures)
        vectors = _vectors(random, len(files))
        if showing:
            matched = random.integers(0, len(queries), (len(files), SHOWN))
            offsets = COMMON * random.standard_normal((len(files), 1), dtype=np.float32)
            vectors = unit(vectors + STRENGTH * asked[matched].sum(axis=1) + offsets * common)
        rows = zip(files, vectors, strict=True)
        index.add_vectors(EMBEDDER_ID, [(file.picture_id, row, False) for file, row in rows])
    for text, row in zip(queries, asked, strict=True):
        index.add_query_vector(EMBEDDER_ID, "text", text, row)
    index.close()


def _file(images: Path, number: int) -> FileRow:
    """A file of a few bytes, and its row as a scan would leave it."""
    path = f"{number // PER_FOLDER:03}/{number:06}.jpg"
    content = path.encode()
    file = images / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    mtime_ns = file.stat().st_mtime_ns
    return FileRow(f"images/{path}", hashlib.sha256(content).hexdigest(), len(content), mtime_ns)


def _vectors(random: np.random.Generator, count: int) -> Vectors:
    rows = random.standard_normal((count, DIMENSIONS), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def thumbnail(random: np.random.Generator) -> bytes:
    """A JPEG of 320 pixels with some circles."""
    picture = Image.new("RGB", (320, 240), tuple(random.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y, size = random.integers(0, 240, 3).tolist()
        draw.ellipse((x, y, x + size, y + size), tuple(random.integers(0, 256, 3).tolist()))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=60)
    return out.getvalue()
