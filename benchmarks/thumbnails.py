"""CPU time of a thumbnail, and with it of the whole check, of a 12 MP picture.

    python -m benchmarks.thumbnails

Prints a table: milliseconds of CPU (`process_time`), the median and the range over the runs. The
picture is made like a photograph: an even ground, edges, and the grain of a sensor, at the quality
that cameras write. The last line is the way that it is not done: the whole picture is decoded,
turned, and only then made smaller.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageOps

from core import pictures

RUNS = 9
SIZE = (4000, 3000)


def photograph() -> Image.Image:
    random = np.random.default_rng(0)
    blobs = Image.fromarray(random.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    ground = np.asarray(blobs.resize(SIZE, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = random.normal(0, 4, (SIZE[1], SIZE[0], 1)).astype(np.int16)
    edges = (np.indices((SIZE[1], SIZE[0])).sum(axis=0) // 173 % 2 * 24).astype(np.int16)
    return Image.fromarray((ground + grain + edges[..., None]).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def decode_first(data: bytes) -> None:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    image.thumbnail((pictures.THUMBNAIL_SIDE, pictures.THUMBNAIL_SIDE))
    image.save(io.BytesIO(), "JPEG")


def milliseconds(work: Callable[[bytes], object], data: bytes) -> list[float]:
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        work(data)
        times.append(1000 * (time.process_time() - start))
    return times


def main() -> None:
    image = photograph()
    turned = Image.Exif()
    turned[0x0112] = 6
    jpeg = encoded(image, "JPEG", quality=90)
    rows: list[tuple[str, Callable[[bytes], object], bytes]] = [
        ("baseline JPEG", pictures.check, jpeg),
        (
            "the same, turned by EXIF",
            pictures.check,
            encoded(image, "JPEG", quality=90, exif=turned),
        ),
        ("progressive JPEG", pictures.check, encoded(image, "JPEG", quality=90, progressive=True)),
        ("PNG", pictures.check, encoded(image, "PNG", compress_level=1)),
        ("baseline JPEG, decoded whole", decode_first, jpeg),
    ]
    print(f"{'12 MP':<30} {'MB':>5} {'median ms':>10} {'range':>14}")
    for label, work, data in rows:
        times = milliseconds(work, data)
        spread = f"{min(times):.0f} to {max(times):.0f}"
        print(f"{label:<30} {len(data) / 1e6:>5.1f} {statistics.median(times):>10.1f} {spread:>14}")


if __name__ == "__main__":
    main()
